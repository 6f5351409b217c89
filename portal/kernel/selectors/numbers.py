"""Reading the numbers of the model."""

from django.db.models import QuerySet

from portal.kernel.models import ModelNumbers


def current() -> ModelNumbers:
    """The version in force: the newest."""
    return ModelNumbers.objects.order_by("-version")[:1].get()


def versions() -> QuerySet[ModelNumbers]:
    """All versions, newest first, with who changed them."""
    return ModelNumbers.objects.select_related("changed_by")
