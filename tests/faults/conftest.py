"""Programs that call the API, as the plan's own tests have them."""

from tests.workloads.conftest import api, at_now

__all__ = ["api", "at_now"]
