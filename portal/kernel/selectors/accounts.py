"""Reading accounts."""

from django.db.models import Q, QuerySet

from portal.kernel.models import User


def accounts_matching(words: str = "", role: str = "") -> QuerySet[User]:
    """By name, username or e-mail; open accounts first."""
    found = User.objects.order_by("-is_active", "username")
    if role:
        found = found.filter(roles__contains=[role])
    if words:
        found = found.filter(
            Q(username__icontains=words)
            | Q(name__icontains=words)
            | Q(email__icontains=words)
        )
    return found


def find_account(user_id: int) -> User | None:
    return User.objects.filter(pk=user_id).first()
