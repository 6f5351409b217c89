"""The pages of recalibration: runs, one run, what to take over, and who may ask."""

from types import SimpleNamespace

import pytest
from django.test import Client

from capacity.models import RecalibrationRun
from capacity.selectors.forecast import ground
from capacity.selectors.recalibrated import recalibrated
from capacity.services.recalibration import request_recalibration
from portal.kernel import clock
from portal.kernel.periods import Quarter
from tests.capacity import recalibration as story
from tests.workloads.pages import words
from workloads.services.estimates import open_draft

pytestmark = pytest.mark.django_db

PAGE = "/capacity/recalibration/"


@pytest.fixture(autouse=True)
def after_the_quarter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: story.AFTER)


@pytest.fixture
def as_person(client: Client, cast: SimpleNamespace):
    def signed_in(username: str) -> Client:
        backend = "django.contrib.auth.backends.ModelBackend"
        client.force_login(getattr(cast, username), backend)
        return client

    return signed_in


def a_complete_run(cast: SimpleNamespace, **usage: int) -> RecalibrationRun:
    workload = story.live(cast)
    story.used(workload, **usage)
    story.worked(workload)
    story.billed()
    return story.recalibrated()


def test_nothing_is_recalibrated_yet(cast: SimpleNamespace, as_person) -> None:
    page = as_person("nils").get(PAGE).content.decode()

    assert "No recalibration yet." in page
    assert "A planner, the finance lead or the ops lead can." in page


def test_the_button_asks_for_a_run_and_leads_to_it(
    cast: SimpleNamespace, as_person
) -> None:
    answer = as_person("pia").post(PAGE, {"period": "2026-Q2"}, follow=True)

    run = RecalibrationRun.objects.get()
    assert answer.redirect_chain == [(f"{PAGE}{run.pk}/", 302)]
    assert run.requested_by == cast.pia
    page = answer.content.decode()
    assert "It waits for a worker." in page
    assert "hx-trigger" in page


@pytest.mark.parametrize("period", ["soon", "2031Q1"])
def test_what_is_no_period_is_told_at_the_field(
    cast: SimpleNamespace, as_person, period: str
) -> None:
    answer = as_person("pia").post(PAGE, {"period": period})

    assert answer.status_code == 400
    assert 'aria-invalid="true"' in answer.content.decode()
    assert not RecalibrationRun.objects.exists()


def test_who_may_not_ask_is_refused(cast: SimpleNamespace, as_person) -> None:
    assert as_person("sarah").post(PAGE, {"period": "2026Q2"}).status_code == 403


def test_a_run_tells_forecast_actual_error_and_draft(
    cast: SimpleNamespace, as_person
) -> None:
    run = a_complete_run(cast, users=1600, sessions=16_000)

    page = as_person("sarah").get(f"{PAGE}{run.pk}/").content.decode()

    assert "+60" in page
    assert "Look at draft v2" in page
    assert "it is calibrated" in page
    assert f"{run} of 2026-Q2" in page


def test_the_workload_says_who_wrote_the_draft_and_from_what(
    cast: SimpleNamespace, as_person
) -> None:
    run = a_complete_run(cast, users=1600, sessions=16_000)
    sarah = as_person("sarah")

    page = words(sarah.get("/workloads/W-01/"))
    draft = words(sarah.get("/workloads/W-01/estimates/2/"))

    wrote = f"The system wrote v2. Observed in 2026-Q2; see the recalibration {run}."
    assert f"A draft waits. {wrote} It changes nothing until it is submitted." in page
    assert wrote in draft


def test_a_persons_draft_is_offered_the_observed_inputs(
    cast: SimpleNamespace, as_person
) -> None:
    workload = story.live(cast)
    open_draft(
        number=workload.number,
        actor=cast.sarah,
        changes={"users": 7},
        now=story.WENT_LIVE,
    )
    story.used(workload, users=1600, sessions=16_000)
    run = story.recalibrated()
    sarah = as_person("sarah")
    page = sarah.get(f"{PAGE}{run.pk}/").content.decode()

    answer = sarah.post(f"{PAGE}{run.pk}/{workload.ref}/take/")

    assert "Take over into v2" in page
    assert answer["Location"] == f"/workloads/{workload.ref}/estimates/2/"
    assert story.drafts(workload)[0].users == 1600


def test_who_may_not_estimate_sees_who_can(cast: SimpleNamespace, as_person) -> None:
    workload = story.live(cast)
    open_draft(
        number=workload.number,
        actor=cast.sarah,
        changes={"users": 7},
        now=story.WENT_LIVE,
    )
    story.used(workload, users=1600, sessions=16_000)
    run = story.recalibrated()

    page = as_person("felix").get(f"{PAGE}{run.pk}/").content.decode()

    assert "Its owner Sarah Lind or a planner can." in page
    assert "/take/" not in page


def test_the_accuracy_has_a_line_a_table_and_a_sheet(
    cast: SimpleNamespace, as_person
) -> None:
    a_complete_run(cast, input_tokens=79_200_000)
    story.recalibrated("2026Q1")
    nils = as_person("nils")

    page = nils.get(PAGE).content.decode()
    sheet = nils.get(f"{PAGE}accuracy.csv").content.decode("utf-8-sig")

    assert "The numbers" in page
    assert "Tokens were off by 40 % in 2026-Q2." in page
    lines = sheet.splitlines()
    assert lines[0] == "Quarter,Run,Budget,Error,Calibrated"
    newest = RecalibrationRun.objects.get(period="2026Q2")
    assert f"2026Q2,{newest},Tokens,0.4,yes" in lines


def test_every_figure_of_a_run_is_in_its_sheet(
    cast: SimpleNamespace, as_person
) -> None:
    run = a_complete_run(cast, users=1600, sessions=16_000)

    sheet = as_person("nils").get(f"{PAGE}{run.pk}.csv").content.decode("utf-8-sig")

    lines = sheet.splitlines()
    assert lines[0].startswith("Workload,Kind,Name,Forecast,Actual,Error")
    assert "W-01,input,users,1000,1600,0.6,,v2" in lines


def test_an_error_below_zero_is_a_number_in_the_sheet(
    cast: SimpleNamespace, as_person
) -> None:
    run = a_complete_run(cast, users=900, sessions=9_000)

    sheet = as_person("nils").get(f"{PAGE}{run.pk}.csv").content.decode("utf-8-sig")

    assert "W-01,input,users,1000,900,-0.1,," in sheet.splitlines()


def test_a_quarter_that_still_runs_is_no_point_of_the_accuracy(
    cast: SimpleNamespace, as_person
) -> None:
    a_complete_run(cast)
    running = story.recalibrated("2026Q3")
    nils = as_person("nils")

    of_running = nils.get(f"{PAGE}{running.pk}/").content.decode()
    page = nils.get(PAGE)
    sheet = nils.get(f"{PAGE}accuracy.csv").content.decode("utf-8-sig")

    assert "2026-Q3 was not over" in of_running
    assert [row["quarter"] for row in page.context["accuracy"]] == ["2026-Q2"]
    assert "2026Q3" not in sheet
    line = recalibrated(ground(), Quarter(2026, 3))
    assert line is not None
    assert line.period == "2026Q2"


def test_a_run_that_waits_is_looked_at_in_place(
    cast: SimpleNamespace, as_person
) -> None:
    run = request_recalibration(period="2026Q2", actor=None, now=story.AFTER)
    nils = as_person("nils")
    address = f"{PAGE}{run.pk}/"

    waiting = nils.get(address, headers={"HX-Request": "true"})
    RecalibrationRun.objects.update(status="complete", held_until=None)
    done = nils.get(address, headers={"HX-Request": "true"})

    assert waiting.content.decode().strip().startswith('<div id="progress"')
    assert "HX-Refresh" not in waiting
    assert done["HX-Refresh"] == "true"


@pytest.mark.parametrize("count", [1, 3])
def test_a_page_asks_as_often_for_three_workloads_as_for_one(
    cast: SimpleNamespace, as_person, django_assert_num_queries, count: int
) -> None:
    for number in range(count):
        workload = story.live(cast, name=f"Workload {number}")
        story.used(workload, users=1600, sessions=16_000)
    run = story.recalibrated()
    nils = as_person("nils")
    nils.get(f"{PAGE}{run.pk}/")

    with django_assert_num_queries(10):
        nils.get(f"{PAGE}{run.pk}/")
    with django_assert_num_queries(7):
        nils.get(PAGE)
