"""Reading saved views."""

from django.db.models import QuerySet

from portal.kernel.models import SavedView, User


def views_of(user: User, page: str) -> QuerySet[SavedView]:
    return SavedView.objects.filter(user=user, page=page)
