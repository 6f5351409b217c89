"""The plan in the admin: fields go through the use cases, or nowhere."""

import pytest

from portal.kernel import clock
from portal.kernel.enums import Source
from portal.kernel.models import AuditEntry, User
from tests.kernel.in_the_admin import client_of
from tests.workloads import stories
from tests.workloads.in_the_admin import LIST, now_planned, planning, save, typed
from workloads.enums import Moment, Status
from workloads.models import Department, PlanBaseline, Workload
from workloads.services.plan import edit_workload


@pytest.fixture
def planner(cast) -> User:
    return planning(cast.clara)


# --- Fields --------------------------------------------------------------------------


def test_a_field_is_saved_through_the_use_case(cast, planner) -> None:
    workload = stories.proposed(cast)

    answer = save(planner, workload, purpose="Answers questions.")

    entry = AuditEntry.objects.order_by("-id")[0]
    assert answer.status_code == 302
    assert Workload.objects.get(pk=workload.pk).purpose == "Answers questions."
    assert (entry.action, entry.actor, entry.source, entry.after) == (
        "workload.edited",
        planner,
        Source.ADMIN,
        {"purpose": "Answers questions."},
    )


def test_stakeholders_and_quarters_are_read_as_people_write_them(cast, planner) -> None:
    workload = stories.proposed(cast)

    save(
        planner,
        workload,
        ship_quarter="2026-Q4",
        stakeholders=[cast.dana.pk, cast.noor.pk],
    )

    row = Workload.objects.get(pk=workload.pk)
    assert row.ship_quarter == "2026Q4"
    assert set(row.stakeholders.all()) == {cast.dana, cast.noor}


def test_saving_without_a_change_writes_nothing(cast, planner) -> None:
    workload = stories.proposed(cast)
    entries = AuditEntry.objects.count()

    answer = save(planner, workload)

    assert answer.status_code == 302
    assert AuditEntry.objects.count() == entries


def test_a_stale_page_saves_nothing_and_says_so(cast, planner) -> None:
    workload = stories.proposed(cast)
    page = typed(workload, purpose="Mine.")
    edit_workload(
        number=workload.number,
        actor=cast.pia,
        changes={"purpose": "Hers."},
        now=clock.now(),
    )

    answer = client_of(planner).post(f"{LIST}{workload.pk}/change/", page)

    assert answer.status_code == 200
    assert "changed since you read it" in answer.content.decode()
    assert Workload.objects.get(pk=workload.pk).purpose == "Hers."


def test_a_name_that_another_has_is_refused_on_the_form(cast, planner) -> None:
    stories.proposed(cast)
    second = stories.proposed(cast, name="Docs answers")

    answer = save(planner, second, name="customer SUPPORT chat")

    assert answer.status_code == 200
    assert Workload.objects.get(pk=second.pk).name == "Docs answers"


def test_a_quarter_that_is_none_is_refused_at_its_field(cast, planner) -> None:
    answer = save(planner, stories.proposed(cast), ship_quarter="soon")

    assert "ship_quarter" in answer.context["adminform"].form.errors


def test_a_degrade_model_without_a_first_one_is_no_failure(cast, planner) -> None:
    answer = save(planner, stories.proposed(cast), primary_model="")

    assert answer.status_code == 200
    assert answer.context["adminform"].form.errors


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("status", "live"),
        ("number", "99"),
        ("version", "99"),
        ("status_steps", "0"),
        ("shown_estimate", "1"),
        ("requested_status", "live"),
    ],
)
def test_what_no_form_writes_cannot_be_posted(cast, planner, name, value) -> None:
    workload = stories.proposed(cast)
    before = Workload.objects.filter(pk=workload.pk).values().get()

    answer = save(planner, workload, purpose="Changed?", **{name: value})

    assert answer.status_code == 200
    assert "is read-only in this form" in answer.content.decode()
    assert Workload.objects.filter(pk=workload.pk).values().get() == before


@pytest.mark.parametrize("username", ["clara", "ada", "adele"])
def test_whoever_does_not_plan_reads_the_row_and_saves_nothing(cast, username) -> None:
    workload = stories.proposed(cast)
    user = getattr(cast, username)

    page = client_of(user).get(f"{LIST}{workload.pk}/change/")
    answer = save(user, workload, purpose="Mine.")

    assert page.status_code == 200
    assert "Read-only here." in page.content.decode()
    assert answer.status_code == 403
    assert "Its owner Sarah Lind or a planner can." in answer.content.decode()
    assert Workload.objects.get(pk=workload.pk).purpose == ""


def test_no_row_of_the_plan_is_added_here(cast, planner) -> None:
    assert client_of(planner).get(f"{LIST}add/").status_code == 403
    assert client_of(planner).post(f"{LIST}add/", {}).status_code == 409


def test_an_owner_who_signed_is_refused_on_the_form(cast, planner) -> None:
    workload = now_planned(cast)

    answer = save(planner, workload, owner=cast.noor.pk)

    assert answer.status_code == 200
    assert "Noor Haddad gave the ops signature" in answer.content.decode()


# --- Baselines and departments -------------------------------------------------------


def test_the_committee_takes_a_baseline(cast) -> None:
    stories.proposed(cast)

    client_of(cast.clara).post(
        "/admin/workloads/planbaseline/take/",
        {"quarter": "2026-Q3", "moment": "opened"},
    )

    baseline = PlanBaseline.objects.get()
    assert (baseline.quarter, baseline.moment, baseline.taken_by) == (
        "2026Q3",
        Moment.OPENED,
        cast.clara,
    )


def test_a_baseline_of_no_quarter_is_not_taken(cast) -> None:
    answer = client_of(cast.clara).post(
        "/admin/workloads/planbaseline/take/", {"quarter": "soon", "moment": "opened"}
    )

    assert answer.status_code == 200
    assert not PlanBaseline.objects.exists()


@pytest.mark.parametrize("username", ["ada", "adele"])
def test_nobody_else_takes_a_baseline(cast, username) -> None:
    client = client_of(getattr(cast, username))

    page = client.get("/admin/workloads/planbaseline/take/")
    answer = client.post(
        "/admin/workloads/planbaseline/take/",
        {"quarter": "2026-Q3", "moment": "opened"},
    )

    assert "A committee member can." in page.content.decode()
    assert answer.status_code == 403
    assert not PlanBaseline.objects.exists()


def test_a_department_is_made_and_renamed_through_the_use_cases(cast) -> None:
    client = client_of(cast.clara)

    client.post(
        "/admin/workloads/department/add/",
        {"code": "support", "name": "Support", "head": cast.dana.pk},
    )
    made = Department.objects.get()
    client.post(
        f"/admin/workloads/department/{made.pk}/change/",
        {"name": "Customer support", "head": "", "seen_version": made.version},
    )

    department = Department.objects.get()
    assert (department.code, department.name, department.head) == (
        "support",
        "Customer support",
        None,
    )
    actions = AuditEntry.objects.order_by("id").values_list("action", flat=True)
    assert list(actions) == ["department.created", "department.edited"]


def test_a_department_of_the_same_name_is_refused_on_the_form(cast) -> None:
    client = client_of(cast.ada)
    client.post("/admin/workloads/department/add/", {"code": "a", "name": "Support"})

    answer = client.post(
        "/admin/workloads/department/add/", {"code": "b", "name": "SUPPORT"}
    )

    assert answer.status_code == 200
    assert Department.objects.count() == 1


# --- Lists ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("page", "queries"),
    [
        ("workload", 9),
        ("estimate", 6),
        ("signoff", 8),
        ("statusstep", 7),
        ("successcriterion", 5),
        ("readinessitem", 6),
    ],
)
def test_a_list_asks_as_often_for_three_rows_as_for_one(
    cast, page, queries, django_assert_num_queries
) -> None:
    client = client_of(cast.clara)
    address = f"/admin/workloads/{page}/"
    stories.live(cast)
    client.get(address)
    with django_assert_num_queries(queries):
        client.get(address)
    stories.live(cast, name="Docs answers")
    stories.live(cast, name="Code review", owner=cast.sarah)
    with django_assert_num_queries(queries):
        client.get(address)


def test_a_reference_finds_its_row(cast) -> None:
    stories.proposed(cast)
    stories.proposed(cast, name="Docs answers")

    body = client_of(cast.clara).get(LIST, {"q": "w-2"}).content.decode()

    assert "Docs answers" in body
    assert "Customer support chat" not in body


def test_the_history_of_a_row_is_the_audit_trail(cast) -> None:
    workload = stories.proposed(cast)

    answer = client_of(cast.clara).get(f"{LIST}{workload.pk}/history/")

    assert answer["Location"] == "/audit/?object=workload/W-01"


def test_what_every_step_took_stands_under_the_row(cast) -> None:
    workload = stories.planned(cast)

    body = client_of(cast.clara).get(f"{LIST}{workload.pk}/change/").content.decode()

    assert "Steps of the lifecycle" in body
    assert Status.PLANNED in body
