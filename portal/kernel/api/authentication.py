"""Who calls: a token (`Authorization: Bearer wb_…`), else the browser's session."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from rest_framework.authentication import (
    BaseAuthentication,
    CSRFCheck,
    SessionAuthentication,
)
from rest_framework.request import Request

from portal.kernel import clock
from portal.kernel.api.bodies import refuse_oversize
from portal.kernel.api.errors import (
    AccountInactive,
    CsrfFailed,
    InvalidToken,
    TokenExpired,
    TokenRevoked,
)
from portal.kernel.models import ApiToken, User
from portal.kernel.selectors.tokens import token_of
from portal.kernel.services.tokens import note_token_use

SCHEME = "bearer"


class TokenAuthentication(BaseAuthentication):
    """One query, the token with its user; a token acts as its user."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        header = request.headers.get("Authorization", "")
        scheme, _, secret = header.partition(" ")
        if scheme.lower() != SCHEME:
            return None
        now = clock.now()
        token = token_of(secret.strip())
        if token is None:
            raise InvalidToken("The token is not one of ours.")
        if token.revoked_at is not None:
            raise TokenRevoked(f"The token {token.prefix}… was revoked.")
        if token.expires_at is not None and token.expires_at <= now:
            raise TokenExpired(f"The token {token.prefix}… has expired.")
        if not token.user.is_active:
            raise AccountInactive(f"The account {token.user.username} is switched off.")
        note_token_use(token, now=now)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002
        return 'Bearer realm="weighbridge"'


class BrowserSession(SessionAuthentication):
    """The portal's own sign-in; what changes something needs its CSRF token."""

    def authenticate(self, request: Request) -> tuple[Any, None] | None:
        user = getattr(request._request, "user", None)
        if user is None or not user.is_active:
            return None
        self.enforce_csrf(request)
        return user, None

    def enforce_csrf(self, request: Request) -> None:
        # On the plain request: DRF's own would parse the body to look for the token.
        plain = request._request
        if request.content_type.startswith("multipart/"):
            refuse_oversize(plain, settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0)
        check = CSRFCheck(_never_called)
        check.process_request(plain)
        reason = check.process_view(plain, _never_called, (), {})
        if reason is not None:
            raise CsrfFailed(f"{reason} Send the page's token in X-CSRFToken.")


def _never_called(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    return HttpResponse()
