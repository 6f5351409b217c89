"""Thousands of entries at once stand in the trail as if each was recorded alone."""

from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from portal.kernel.models import AuditEntry
from portal.kernel.selectors.audit import verify
from portal.kernel.services import audit
from tests.conftest import NOW

pytestmark = pytest.mark.django_db

AT = NOW + timedelta(microseconds=123_456)
SAID: dict[str, Any] = {
    "at": AT,
    "before": {"hours": Decimal("1.50"), "of": ["a", None, 10**30]},
    "after": None,
    "reason": 'Ünusual "words"\nin \\ two lines; {}',
}


def told(entry: AuditEntry) -> dict[str, Any]:
    return {
        field.attname: getattr(entry, field.attname)
        for field in AuditEntry._meta.concrete_fields
        if field.attname not in ("id", "previous_hash", "hash")
    }


def made(number: int, actor: Any) -> AuditEntry:
    return audit.entry(
        "plan.edited",
        f"workload/W-{number}",
        actor=actor,
        now=SAID["at"],
        before=SAID["before"],
        after=SAID["after"],
        reason=SAID["reason"],
    )


def test_many_are_kept_as_one_is(cast: SimpleNamespace) -> None:
    for actor in (cast.sarah, None):
        made(1, actor).save(force_insert=True)
        audit.record_all([made(1, actor)])

    alone, among, by_nobody, among_by_nobody = AuditEntry.objects.order_by("id")
    assert told(among) == told(alone)
    assert told(among_by_nobody) == told(by_nobody)
    assert among.at == AT


def test_their_order_is_the_chains(
    cast: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "_AT_ONCE", 3)

    audit.record_all(made(number, cast.sarah) for number in range(8, 0, -1))

    rows = AuditEntry.objects.order_by("id").values_list("id", "object")
    assert list(rows) == [(n, f"workload/W-{9 - n}") for n in range(1, 9)]
    assert verify().broken is None


@pytest.mark.parametrize(("count", "statements"), [(0, 0), (1, 1), (400, 1)])
def test_many_take_one_statement(
    cast: SimpleNamespace, django_assert_num_queries: Any, count: int, statements: int
) -> None:
    entries = [made(number, cast.sarah) for number in range(count)]

    with django_assert_num_queries(statements):
        audit.record_all(entries)

    assert AuditEntry.objects.count() == count
