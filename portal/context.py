"""What the base template needs on every page, computed only when it is read."""

from typing import Any

from django.utils.functional import SimpleLazyObject

from portal.kernel import clock
from portal.kernel.origin import current_origin
from portal.kernel.pages import joints
from portal.kernel.pages.theme import theme_of
from portal.navigation import SETTINGS_TABS, entries_for


def page(request: Any) -> dict[str, Any]:
    """Names start with `page_`, so that no view's own context is shadowed."""
    user: Any = getattr(request, "user", None)
    signed_in = bool(user and user.is_authenticated)
    return {
        "page_theme": theme_of(request),
        "page_request_id": current_origin().request_id,
        "page_signed_in": signed_in,
        "page_nav": entries_for(user.roles, request.path) if signed_in else [],
        "page_settings_tabs": SETTINGS_TABS,
        "page_waiting": SimpleLazyObject(lambda: _waiting(request, user)),
    }


def _waiting(request: Any, user: Any) -> int:
    """Counted once a request, however many parts of the page show it."""
    if not hasattr(request, "approvals_waiting"):
        request.approvals_waiting = joints.approvals_waiting(user, clock.now())
    return request.approvals_waiting
