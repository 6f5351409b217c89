"""A recalibration sets what was used against what was forecast, workload by workload."""

from types import SimpleNamespace

import pytest

from capacity.enums import RunStatus
from tests.capacity import recalibration as story

pytestmark = pytest.mark.django_db


def test_usage_as_forecast_has_no_error_and_drafts_nothing(
    cast: SimpleNamespace,
) -> None:
    workload = story.live(cast)
    story.used(workload)
    story.worked(workload)
    story.billed()

    run = story.recalibrated()

    found = story.result(run, workload)
    assert run.status == RunStatus.COMPLETE
    assert (run.is_current, run.done, run.total) == (True, 1, 1)
    assert found.missing == found.off == []
    assert {one["error"] for name, one in found.inputs.items()} == {"0", None}
    assert found.budgets["tokens"] == {
        "forecast": "198000000",
        "actual": "198000000",
        "error": "0",
    }
    assert found.budgets["ops"] == {"forecast": "6", "actual": "6", "error": "0"}
    assert story.drafts(workload) == []
