"""A baseline is of one moment, whatever others press while it is taken."""

import threading
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace

import pytest
from django.db import connection

from portal.kernel.periods import Quarter
from portal.kernel.selectors.audit import verify
from portal.kernel.services.numbers import change_numbers
from tests.conftest import NOW
from tests.faults.races import at_once, codes
from tests.workloads import stories
from workloads.enums import Moment
from workloads.models import PlanBaseline, Workload
from workloads.selectors.quarters import heads_of
from workloads.services import baselines
from workloads.services.plan import edit_workload, propose_workload

pytestmark = pytest.mark.django_db(transaction=True)

Q2 = Quarter(2026, 2)


def taking(cast: SimpleNamespace) -> Callable[[], PlanBaseline]:
    return partial(
        baselines.take_baseline,
        actor=cast.clara,
        quarter=Q2,
        moment=Moment.OPENED,
        now=NOW,
    )


def a_move(cast: SimpleNamespace, workload: Workload) -> Callable[[], object]:
    return partial(
        edit_workload,
        number=workload.number,
        actor=cast.pia,
        changes={"ship_quarter": "2027Q1"},
        now=NOW,
    )


def a_proposal(cast: SimpleNamespace, _workload: Workload) -> Callable[[], object]:
    return partial(
        propose_workload,
        actor=cast.pia,
        values={"name": "Late", "ship_quarter": "2026Q2"},
        now=NOW,
    )


def other_numbers(cast: SimpleNamespace, _workload: Workload) -> Callable[[], object]:
    return partial(
        change_numbers,
        actor=cast.clara,
        changes={"platform_hours_week": 99},
        reason="A larger platform.",
        if_version=1,
        now=NOW,
    )


@pytest.mark.parametrize("write", [a_move, a_proposal, other_numbers])
def test_what_is_written_between_rows_and_sums_is_in_neither(
    cast: SimpleNamespace,
    monkeypatch: pytest.MonkeyPatch,
    write: Callable[..., Callable[[], object]],
) -> None:
    workload = stories.proposed(cast, ship_quarter="2026Q2")
    expected = [head.as_json() for head in heads_of([Q2.plus(n) for n in range(4)])]
    others: list[threading.Thread] = []

    def meanwhile() -> None:
        try:
            write(cast, workload)()
        finally:
            connection.close()

    def late_heads(*args: object) -> object:
        others.append(threading.Thread(target=meanwhile))
        others[0].start()
        others[0].join(timeout=0.5)
        return heads_of(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(baselines, "heads_of", late_heads)

    taken = taking(cast)()
    others[0].join(timeout=30)

    assert [row["ref"] for row in taken.rows] == [workload.ref]
    assert taken.heads == expected


def test_baselines_and_proposals_at_once_all_go_through(cast: SimpleNamespace) -> None:
    workload = stories.proposed(cast)
    proposals = [
        partial(propose_workload, actor=cast.pia, values={"name": f"N {n}"}, now=NOW)
        for n in range(6)
    ]

    outcomes = at_once([*[taking(cast)] * 4, *proposals, a_move(cast, workload)])

    assert codes(outcomes) == ["ok"] * 11
    taken = PlanBaseline.objects.order_by("number")
    assert [one.number for one in taken] == [1, 2, 3, 4]
    assert Workload.objects.count() == 7
    assert verify().broken is None
