"""Every list of the plan's API asks a fixed number of times, with one row and with three."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from portal.kernel.periods import Quarter
from tests.conftest import NOW
from tests.workloads import stories
from workloads.enums import Moment, ReadinessCheck, SignRole
from workloads.models import Department
from workloads.services.baselines import take_baseline
from workloads.services.criteria import record_readiness
from workloads.services.deputies import name_deputy

pytestmark = pytest.mark.django_db
V1 = "/api/v1"
ONE = f"{V1}/workloads/W-01"


def versions(cast, rows):
    workload = stories.proposed(cast)
    for number in range(rows):
        estimate = stories.submitted(workload, cast.sarah, users=1000 + number)
        stories.press(estimate, cast.ines, SignRole.ENGINEERING)


def proofs(cast, rows):
    workload = stories.proposed(cast)
    for item in list(ReadinessCheck)[:rows]:
        record_readiness(
            number=workload.number,
            actor=cast.sarah,
            item=item,
            link="https://wiki.example.com/",
            done_on=NOW.date(),
            now=NOW,
        )


def departments(cast, rows):
    for number in range(rows):
        Department.objects.create(code=f"d{number}", name=f"D {number}", head=cast.dana)


def deputies(cast, rows):
    for number in range(rows):
        name_deputy(
            actor=cast.felix,
            role=SignRole.FINANCE,
            deputy=cast.clara,
            from_day=NOW.date(),
            until_day=NOW.date() + timedelta(days=number),
            now=NOW,
        )


def baselines(cast, rows):
    for _ in range(rows):
        take_baseline(
            actor=cast.clara, quarter=Quarter(2026, 2), moment=Moment.OPENED, now=NOW
        )


LISTS = [
    # what there is, the list, how often it asks
    (versions, f"{ONE}/estimates/", 8),
    (proofs, f"{ONE}/production-readiness/", 5),
    (departments, f"{V1}/departments/", 2),
    (deputies, f"{V1}/deputies/", 2),
    (baselines, f"{V1}/plan/baselines/", 2),
]


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize(("make", "path", "queries"), LISTS)
def test_a_list_asks_the_same_number_of_times(cast, api, make, path, queries, rows):
    make(cast, rows)
    caller = api("nils")
    caller("GET", path)

    with CaptureQueriesContext(connection) as asked:
        answer = caller("GET", path)

    assert len(answer.json()["results"]) == rows
    assert len(asked) == queries


@pytest.mark.parametrize("rows", [1, 3])
def test_an_export_asks_twice(cast, api, rows):
    for number in range(rows):
        stories.proposed(cast, name=f"Workload {number}")
    path = f"{V1}/plan/export/?format=json"
    caller = api("nils")
    caller("GET", path)

    with CaptureQueriesContext(connection) as asked:
        answer = caller("GET", path)

    assert len(answer.json()["rows"]) == rows
    assert len(asked) == 2
