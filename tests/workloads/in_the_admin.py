"""What the tests of the plan's admin do in it, as a browser would."""

from datetime import timedelta
from typing import Any

from django.contrib.messages import get_messages

from portal.kernel import clock
from portal.kernel.models import User
from tests.kernel.in_the_admin import client_of
from tests.workloads import stories
from workloads.admin.plan import WRITTEN
from workloads.models import Workload

LIST = "/admin/workloads/workload/"


def planning(user: User) -> User:
    """A committee member who plans: may open the admin and edit the plan's rows."""
    User.objects.filter(pk=user.pk).update(roles=["planner", "committee"])
    return User.objects.get(pk=user.pk)


def typed(workload: Workload, **changes: Any) -> dict[str, Any]:
    """The form as a browser sends it."""
    row = Workload.objects.get(pk=workload.pk)
    values = {name: getattr(row, name) for name in WRITTEN if name != "stakeholders"}
    values["owner"] = row.owner_id or ""
    values["department"] = row.department_id or ""
    values["hours_to_add"] = row.hours_to_add or ""
    values["seen_version"] = row.version
    if not row.compliance_sensitive:
        del values["compliance_sensitive"]
    return {**values, **changes}


def save(user: User, workload: Workload, **changes: Any) -> Any:
    return client_of(user).post(
        f"{LIST}{workload.pk}/change/", typed(workload, **changes)
    )


def act(user: User, action: str, *workloads: Workload, **more: Any) -> Any:
    chosen = [workload.pk for workload in workloads]
    return client_of(user).post(
        LIST, {"action": action, "_selected_action": chosen, **more}
    )


def said(answer: Any) -> str:
    return " ".join(str(message) for message in get_messages(answer.wsgi_request))


def status_of(workload: Workload) -> str:
    return str(Workload.objects.get(pk=workload.pk).status)


def now_planned(cast: Any, **values: Any) -> Workload:
    """Planned at the clock's own moment: its signatures hold today."""
    return stories.planned(cast, now=clock.now() - timedelta(days=2), **values)
