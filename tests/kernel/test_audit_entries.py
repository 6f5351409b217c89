"""Reading the audit trail by its filters."""

from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from portal.kernel.selectors.audit import entries
from portal.kernel.services.audit import record
from tests.conftest import NOW

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(hours=1)


@pytest.fixture
def trail(cast: SimpleNamespace) -> None:
    record("workload.proposed", "workload/W-01", actor=cast.sarah, now=NOW)
    record("workload.edited", "workload/W-01", actor=cast.pia, now=LATER)
    record("workload.proposed", "workload/W-10", actor=cast.sarah, now=LATER)
    record("signoff.lapsed", "workload/W-01", actor=None, now=LATER)


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, [4, 3, 2, 1]),
        ({"actor": "sarah"}, [3, 1]),
        ({"actor": "nobody"}, []),
        ({"action": "workload.proposed"}, [3, 1]),
        ({"object_": "workload/W-01"}, [4, 2, 1]),
        ({"object_": "W-01"}, [4, 2, 1]),
        ({"object_": "w-01"}, [4, 2, 1]),
        ({"object_": "W-1"}, []),
        ({"since": LATER}, [4, 3, 2]),
        ({"until": NOW}, [1]),
        ({"since": NOW, "until": LATER, "actor": "pia"}, [2]),
    ],
)
def test_entries_are_newest_first_and_filtered(
    trail: None, filters: dict[str, Any], found: list[int]
) -> None:
    assert [entry.id for entry in entries(**filters)] == found


def test_until_is_a_moment_that_still_counts(trail: None) -> None:
    just_before: datetime = LATER - timedelta(microseconds=1)

    assert entries(until=just_before).count() == 1
    assert entries(until=LATER).count() == 4
