"""The house's own pages."""

from django.urls import path, re_path

from portal.views import audit, find, home, sign_in
from portal.views.settings import (
    accounts,
    look,
    mail,
    numbers,
    password,
    tokens,
    views,
    webhooks,
)

app_name = "portal"

urlpatterns = [
    path("", home.home, name="home"),
    path("sign-in/", sign_in.SignIn.as_view(), name="sign-in"),
    path("sign-out/", sign_in.SignOut.as_view(), name="sign-out"),
    path("find/", find.find, name="find"),
    path("audit/", audit.audit, name="audit"),
    path("audit/verify/", audit.verify, name="audit-verify"),
    path("audit/checkpoint/", audit.checkpoint, name="audit-checkpoint"),
    path("audit/export/", audit.export, name="audit-export"),
    path("settings/", look.look, name="settings"),
    path("settings/look/", look.keep_look, name="keep-look"),
    path("settings/keys/", look.keep_keys, name="keep-keys"),
    path("settings/tokens/", tokens.tokens, name="tokens"),
    path("settings/tokens/new/", tokens.new_token, name="token-new"),
    path("settings/tokens/<int:token_id>/revoke/", tokens.revoke, name="token-revoke"),
    path("settings/views/", views.views, name="views"),
    path("settings/views/new/", views.new_view, name="view-new"),
    path("settings/views/<int:view_id>/delete/", views.remove, name="view-delete"),
    path("settings/password/", password.password, name="password"),
    path("settings/numbers/", numbers.numbers, name="numbers"),
    path("settings/numbers/change/", numbers.change, name="numbers-change"),
    path("settings/accounts/", accounts.accounts, name="accounts"),
    path("settings/accounts/new/", accounts.new_account, name="account-new"),
    path("settings/accounts/<int:user_id>/", accounts.account, name="account"),
    path(
        "settings/accounts/<int:user_id>/active/",
        accounts.set_active,
        name="account-active",
    ),
    path(
        "settings/accounts/<int:user_id>/password/",
        accounts.set_password,
        name="account-password",
    ),
    path("settings/mail/", mail.mail, name="mail"),
    path("settings/mail/test/", mail.send_test, name="mail-test"),
    path("settings/webhooks/", webhooks.webhooks, name="webhooks"),
    path("settings/webhooks/new/", webhooks.new_webhook, name="webhook-new"),
    path("settings/webhooks/<int:webhook_id>/", webhooks.webhook, name="webhook"),
    path(
        "settings/webhooks/<int:webhook_id>/secret/",
        webhooks.new_secret,
        name="webhook-secret",
    ),
    path(
        "settings/webhooks/<int:webhook_id>/remove/",
        webhooks.remove,
        name="webhook-remove",
    ),
    path(
        "settings/webhooks/<int:webhook_id>/<str:event>/resend/",
        webhooks.resend,
        name="webhook-resend",
    ),
    # /W-04, whichever part of the house it belongs to.
    re_path(
        r"^(?P<ref>[A-Za-z]{1,2}-[0-9]{1,9})/?$", find.go_to_reference, name="reference"
    ),
]
