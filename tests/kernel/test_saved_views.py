"""Views that people keep for themselves."""

from types import SimpleNamespace

import pytest

from portal.kernel.errors import NotFound
from portal.kernel.selectors.saved_views import views_of
from portal.kernel.services import saved_views
from portal.kernel.services.saved_views import TooManyViews, delete_view, save_view
from tests.conftest import NOW

pytestmark = pytest.mark.django_db


def names(cast: SimpleNamespace, username: str = "sarah") -> list[tuple[str, str]]:
    views = views_of(getattr(cast, username), "plan")
    return [(view.name, view.query) for view in views]


def test_view_is_kept_for_its_person_and_page(cast: SimpleNamespace) -> None:
    save_view(actor=cast.sarah, page="plan", name="Mine", query="?status=live", now=NOW)
    save_view(actor=cast.sarah, page="inbox", name="Ops", query="role=ops", now=NOW)
    save_view(actor=cast.noor, page="plan", name="Noor's", query="", now=NOW)

    assert names(cast) == [("Mine", "status=live")]


def test_same_name_takes_the_new_query(cast: SimpleNamespace) -> None:
    for query in ("status=live", "status=planned"):
        save_view(actor=cast.sarah, page="plan", name="Mine", query=query, now=NOW)

    assert names(cast) == [("Mine", "status=planned")]


def test_number_of_views_is_limited(
    cast: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saved_views, "MOST_A_PAGE", 1)
    save_view(actor=cast.sarah, page="plan", name="One", query="", now=NOW)

    with pytest.raises(TooManyViews):
        save_view(actor=cast.sarah, page="plan", name="Two", query="", now=NOW)

    save_view(actor=cast.sarah, page="plan", name="One", query="a=1", now=NOW)


def test_view_of_another_cannot_be_deleted(cast: SimpleNamespace) -> None:
    view = save_view(actor=cast.sarah, page="plan", name="Mine", query="", now=NOW)

    with pytest.raises(NotFound):
        delete_view(actor=cast.noor, view_id=view.pk)
    delete_view(actor=cast.sarah, view_id=view.pk)

    assert names(cast) == []
