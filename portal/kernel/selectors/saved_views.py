"""Reading saved views."""

from django.db.models import QuerySet

from portal.kernel.models import SavedView, User


def views_of(user: User, page: str) -> QuerySet[SavedView]:
    return SavedView.objects.filter(user=user, page=page)


def all_views_of(user: User) -> QuerySet[SavedView]:
    """Of every page, page by page."""
    return SavedView.objects.filter(user=user).order_by("page", "name")
