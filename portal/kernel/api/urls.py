from django.urls import path

from portal.kernel.api import audit, me, numbers, tokens, webhooks

urlpatterns = [
    path("me/", me.MeView.as_view(), name="me"),
    path("tokens/", tokens.TokensView.as_view(), name="tokens"),
    path("tokens/<int:number>/", tokens.TokenView.as_view(), name="token"),
    path("numbers/", numbers.NumbersView.as_view(), name="numbers"),
    path("audit/", audit.AuditView.as_view(), name="audit"),
    path("audit/verify/", audit.AuditVerifyView.as_view(), name="audit_verify"),
    path(
        "audit/checkpoint/",
        audit.AuditCheckpointView.as_view(),
        name="audit_checkpoint",
    ),
    path("webhooks/", webhooks.WebhooksView.as_view(), name="webhooks"),
    path("webhooks/<int:number>/", webhooks.WebhookView.as_view(), name="webhook"),
    path(
        "webhooks/<int:number>/secret/",
        webhooks.WebhookSecretView.as_view(),
        name="webhook_secret",
    ),
    path(
        "webhooks/<int:number>/deliveries/",
        webhooks.DeliveriesView.as_view(),
        name="webhook_deliveries",
    ),
    path(
        "webhooks/<int:number>/deliveries/<str:event>/resend/",
        webhooks.ResendView.as_view(),
        name="webhook_resend",
    ),
]
