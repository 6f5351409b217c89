"""Programs that call the API, as in the tests of the plan."""

from tests.workloads.conftest import api, at_now

__all__ = ["api", "at_now"]
