"""What an owner has to do: the rules as a table, on plain values."""

from dataclasses import replace

import pytest

from workloads.enums import SignRole, Status
from workloads.rules.duties import Ask, Duty, Standing, duties_of

SIGNED = Standing(
    status=Status.CANDIDATE,
    has_estimate=True,
    refused=False,
    has_draft=False,
    draft_is_complete=False,
    ready=False,
    lapsed=(),
    has_owner=True,
    has_quarter=True,
    has_criteria=True,
    proofs=5,
    is_own=True,
)
DRAFTED = {"has_draft": True}
CRITERIA = Ask("success_criteria", "Pia Novak")


@pytest.mark.parametrize(
    ("known", "duties"),
    [
        ({}, []),
        ({"has_estimate": False}, [Duty.ESTIMATE]),
        ({"has_estimate": False, **DRAFTED}, [Duty.FINISH]),
        ({**DRAFTED, "draft_is_complete": True}, [Duty.SUBMIT]),
        ({"has_estimate": False, "refused": True, **DRAFTED}, [Duty.ANSWER]),
        ({"has_estimate": False, "refused": True}, [Duty.ESTIMATE]),
        ({"lapsed": (SignRole.OPS,)}, [Duty.ASK]),
        ({"ready": True}, [Duty.MOVE]),
        # What a later status needs is no duty before it.
        ({"has_quarter": False, "has_criteria": False, "proofs": 0}, []),
        (
            {"status": Status.PLANNED, "has_quarter": False, "has_criteria": False},
            [Duty.QUARTER, Duty.CRITERIA],
        ),
        ({"status": Status.PLANNED, "proofs": 0}, []),
        ({"status": Status.COMMITTED, "proofs": 4}, [Duty.READINESS]),
        ({"status": Status.LIVE, "proofs": 0, "has_criteria": False}, []),
        # Another's workload shows nothing that nobody asked for.
        ({"has_estimate": False, "is_own": False}, []),
    ],
)
def test_a_workload_has_the_duties_of_where_it_stands(known, duties):
    found = [duty for duty, _ in duties_of(replace(SIGNED, **known))]

    assert found == duties


@pytest.mark.parametrize("is_own", [True, False])
def test_an_ask_makes_a_later_requirement_a_duty(is_own):
    asked = replace(
        SIGNED, has_criteria=False, is_own=is_own, asks={CRITERIA.code: CRITERIA}
    )

    assert list(duties_of(asked)) == [(Duty.CRITERIA, CRITERIA)]


def test_an_ask_that_was_answered_is_over():
    assert list(duties_of(replace(SIGNED, asks={CRITERIA.code: CRITERIA}))) == []
