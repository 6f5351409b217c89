"""Views that people keep for themselves; a taste, so not audited."""

from datetime import datetime

from django.db import transaction

from portal.kernel.access import require
from portal.kernel.errors import Conflict, NotFound
from portal.kernel.models import SavedView, User
from portal.kernel.services.validation import require_valid

MOST_A_PAGE = 50


class TooManyViews(Conflict):
    code = "too_many_views"
    title = "Too many saved views"


def save_view(
    *, actor: User, page: str, name: str, query: str, now: datetime
) -> SavedView:
    """Keep `query` under `name`; the same name again takes the new query."""
    require(actor, "view.own")
    with transaction.atomic():
        # One writer a person, so that the count and the name hold.
        User.objects.select_for_update().get(pk=actor.pk)
        views = SavedView.objects.filter(user=actor, page=page)
        view = views.filter(name=name.strip()).first()
        if view is None:
            if views.count() >= MOST_A_PAGE:
                raise TooManyViews(
                    f"You keep {MOST_A_PAGE} views of this page. Delete one first."
                )
            view = SavedView(user=actor, page=page, name=name.strip(), created_at=now)
        view.query = query.removeprefix("?")
        require_valid(view)
        view.save()
    return view


def delete_view(*, actor: User, view_id: int) -> None:
    require(actor, "view.own")
    deleted, _ = SavedView.objects.filter(pk=view_id, user=actor).delete()
    if not deleted:
        raise NotFound("You keep no such view.")
