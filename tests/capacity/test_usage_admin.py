"""Usage in the admin: a month at a time, found by workload and model, never written."""

from datetime import date
from types import SimpleNamespace

import pytest
from django.contrib.admin.utils import quote
from django.urls import reverse

from capacity.admin.usage import UsageByDayAdmin
from capacity.models import UsageByDay, UsageByHour, UsageDay, UsageHour
from tests.capacity.actual_stories import used
from tests.kernel.in_the_admin import client_of
from tests.workloads import stories
from workloads.models import Workload

DAYS = reverse("admin:capacity_usagebyday_changelist")
HOURS = reverse("admin:capacity_usagebyhour_changelist")


@pytest.fixture
def two(cast: SimpleNamespace) -> tuple[Workload, Workload]:
    return (stories.proposed(cast), stories.proposed(cast, name="Another"))


def shown(cast: SimpleNamespace, page: str, **query: str) -> list[str]:
    answer = client_of(cast.adele).get(page, query)
    assert answer.status_code == 200
    return [str(row) for row in answer.context["cl"].result_list]


def test_the_newest_month_is_shown_unless_another_is_chosen(cast, two) -> None:
    for day in ("2026-03-31", "2026-05-04", "2026-05-05"):
        used(two[0], day)

    assert shown(cast, DAYS) == ["2026-05-05 W-01 u-1", "2026-05-04 W-01 u-1"]
    assert shown(cast, DAYS, month="2026-03") == ["2026-03-31 W-01 u-1"]
    assert shown(cast, DAYS, month="2026-04") == []
    assert len(shown(cast, DAYS, month="every")) == 3
    assert len(shown(cast, DAYS, month="soon")) == 2


def test_a_workload_and_a_user_are_found(cast, two) -> None:
    used(two[0], "2026-05-04", "u-1")
    used(two[1], "2026-05-04", "u-2")

    assert shown(cast, DAYS, q="W-02") == ["2026-05-04 W-02 u-2"]
    assert shown(cast, DAYS, q="another") == ["2026-05-04 W-02 u-2"]
    assert shown(cast, DAYS, q="u-1") == ["2026-05-04 W-01 u-1"]


def test_the_models_of_the_month_are_filtered(cast, two) -> None:
    used(two[0], "2026-04-04", model="Opus")
    used(two[0], "2026-05-04", model="Haiku")
    used(two[0], "2026-05-05", model="Sonnet")

    body = client_of(cast.adele).get(DAYS).content.decode()

    assert shown(cast, DAYS, model="Haiku") == ["2026-05-04 W-01 u-1"]
    assert "?model=Haiku" in body
    assert "?model=Opus" not in body


def test_hours_are_listed_by_workload_and_month(cast, two) -> None:
    used(two[0], "2026-05-04")
    for workload, hour in ((two[0], 9), (two[0], 17), (two[1], 9)):
        UsageHour.objects.create(day=date(2026, 5, 4), workload=workload, hour=hour)

    assert shown(cast, HOURS, q="W-01") == [
        "2026-05-04 17:00 W-01",
        "2026-05-04 9:00 W-01",
    ]
    assert shown(cast, HOURS, month="2026-05", q="W-02") == ["2026-05-04 9:00 W-02"]


def test_a_row_has_its_page_whatever_its_names_contain(cast, two) -> None:
    used(two[0], "2026-05-04", 'a/"b", _c', tier="x]%", tool_calls=123_457)
    (row,) = UsageByDay.objects.all()

    answer = client_of(cast.adele).get(
        reverse("admin:capacity_usagebyday_change", args=[quote(row.pk)])
    )

    assert answer.status_code == 200
    assert "123457" in answer.content.decode()


@pytest.mark.parametrize("key", ["1", "[]", "null", '["x", 1, "a", "b", "c"]', "{"])
def test_a_key_of_no_row_leads_back(cast, db, key) -> None:
    for name in ("usagebyday", "usagebyhour"):
        answer = client_of(cast.adele).get(
            reverse(f"admin:capacity_{name}_change", args=[quote(key)])
        )
        assert answer.status_code == 302


@pytest.mark.parametrize("name", ["usagebyday", "usagebyhour"])
def test_nobody_adds_changes_or_deletes(cast, two, name) -> None:
    used(two[0], "2026-05-04")
    UsageHour.objects.create(day=date(2026, 5, 4), workload=two[0], hour=9)
    model = {"usagebyday": UsageByDay, "usagebyhour": UsageByHour}[name]
    (row,) = model.objects.all()
    client = client_of(cast.clara)

    for page, arguments in (
        ("add", []),
        ("change", [quote(row.pk)]),
        ("delete", [quote(row.pk)]),
    ):
        address = reverse(f"admin:capacity_{name}_{page}", args=arguments)
        assert client.post(address, {"calls": 1, "post": "yes"}).status_code == 409
    assert (UsageDay.objects.count(), UsageHour.objects.count()) == (1, 1)
    assert UsageDay.objects.get().calls == 0


def test_the_list_is_sorted_as_the_tables_index_is(cast, two) -> None:
    used(two[0], "2026-05-04")

    listed = client_of(cast.adele).get(DAYS).context["cl"].queryset

    assert set(listed.query.order_by) == set(UsageByDayAdmin.ordering)


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_takes_the_same_queries_however_long_it_is(
    cast, two, django_assert_num_queries, count
) -> None:
    for number in range(count):
        used(two[0], "2026-05-04", f"u-{number}")
    client = client_of(cast.adele)
    client.get(DAYS)

    with django_assert_num_queries(7):
        client.get(DAYS)
