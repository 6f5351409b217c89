"""A sheet on a page: uploaded, judged row by row, confirmed; left and found again."""

from types import SimpleNamespace

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.conftest import NOW
from tests.workloads import stories
from tests.workloads.pages import Reader, toasts, words
from tests.workloads.test_imports_plan import PLAN
from workloads.models import PlanImport, Workload
from workloads.services import uploads
from workloads.services.plan import edit_workload
from workloads.services.uploads import apply_upload, check_upload

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]

PAGE = "/plan/import/"


@pytest.fixture
def as_(cast: SimpleNamespace) -> Reader:
    return Reader(cast)


def upload(client, content=PLAN, name="plan.csv"):
    return client.post(PAGE, {"sheet": SimpleUploadedFile(name, content)})


def test_five_rows_are_judged_confirmed_and_in_the_plan(as_):
    pia = as_("pia")

    kept = upload(pia)
    preview = pia.get(kept.headers["Location"])
    confirmed = pia.post(f"{kept.headers['Location']}confirm/")
    plan = pia.get("/plan/")

    said = words(preview)
    assert "5 rows: 5 new. Nothing is imported until it is confirmed." in said
    assert "Users 4,200 · Sessions/user/month 18 · Tokens/user/month 520,000" in said
    assert (
        "Missing for committed: 7 a complete estimate, the engineering signature"
        in said
    )
    assert confirmed.headers["Location"] == kept.headers["Location"]
    assert toasts(plan) == ["plan.csv is in the plan."]
    assert Workload.objects.count() == 5
    assert "asks for committed" in words(plan)


def test_the_same_sheet_again_changes_nothing_and_says_so(as_):
    pia = as_("pia")
    pia.post(f"{upload(pia).headers['Location']}confirm/")

    again = pia.get(upload(pia).headers["Location"])

    assert "5 rows: 5 unchanged." in words(again)
    assert "The plan holds every row already; there is nothing to import." in words(
        again
    )


def test_a_bad_cell_is_named_by_row_column_value_and_reason(as_):
    pia = as_("pia")
    bad = PLAN.replace(b'"4,200"', b"4.2x").replace(b"Q3-2026", b"Q5-2026", 1)

    page = pia.get(upload(pia, bad).headers["Location"])

    said = words(page)
    assert (
        "2 W-01 Customer support chat Error Users “4.2x”: It is not a number." in said
    )
    assert "4 W-03 Sales-call summariser Error Ship quarter “Q5-2026”:" in said
    assert "2 rows have errors, and a sheet is taken whole or not at all." in said
    assert 'aria-disabled="true">Import 5 rows' in page.content.decode()


def test_a_sheet_with_errors_imports_nothing_even_when_it_is_forced(as_):
    pia = as_("pia")
    kept = upload(pia, PLAN.replace(b'"4,200"', b"4.2x"))

    answer = pia.post(f"{kept.headers['Location']}confirm/")

    assert answer.status_code == 302
    assert not Workload.objects.exists()


def test_what_a_row_changes_stands_before_and_after(cast, as_):
    stories.proposed(cast)
    sheet = (
        b"Ref,Workload,Owner,Status,Users,Sessions/user/month,Tokens/user/month,"
        b"Ops hours/week,Model tier,Cost gate,Ship quarter\n"
        b"W-01,Customer support chat,Sarah Lind,,,,,,,hard-cap,Q4-2026\n"
    )
    pia = as_("pia")

    page = words(pia.get(upload(pia, sheet).headers["Location"]))

    assert "1 row: 1 changed." in page
    assert "Cost gate: soft-cap → hard-cap" in page
    assert "Ship quarter: Q2-2026 → Q4-2026" in page


def test_a_plan_that_moved_since_the_preview_is_previewed_anew(as_, cast):
    pia = as_("pia")
    pia.post(f"{upload(pia).headers['Location']}confirm/")
    kept = upload(pia, PLAN.replace(b"soft-cap,Q2", b"hard-cap,Q2"))
    edit_workload(
        number=1, actor=cast.pia, changes={"cost_gate": "pay_as_you_go"}, now=NOW
    )

    answer = pia.post(f"{kept.headers['Location']}confirm/", follow=True)

    said = words(answer)
    assert "Nothing was imported." in said
    assert "The plan changed since the preview" in said
    assert "Cost gate: pay-as-you-go → hard-cap" in said


def test_the_verdicts_are_filtered_in_the_address(as_):
    pia = as_("pia")
    address = upload(pia, PLAN.replace(b'"4,200"', b"4.2x")).headers["Location"]

    page = words(pia.get(f"{address}?verdict=error"))

    assert "All 5 With errors 1 New 4" in page
    assert "Customer support chat" in page
    assert "Internal Q&A over docs" not in page


@pytest.mark.parametrize(
    ("content", "name", "status", "why"),
    [
        (b"", "empty.csv", 400, "The file is empty."),
        (b"%PDF-1.7", "plan.pdf", 400, "The file is a PDF."),
        (b"a,b\n1,2\n", "other.csv", 400, "none of the plan's headings"),
        (b"PK\x03\x04 broken", "plan.xlsx", 400, "file"),
        (b"x" * 10_000_001, "long.csv", 413, "An import takes 10,000,000."),
    ],
)
def test_a_file_that_is_no_plan_is_refused_at_the_field(
    as_, content, name, status, why
):
    answer = upload(as_("pia"), content, name)

    assert answer.status_code == status
    assert why in words(answer)
    assert not PlanImport.objects.exists()


def test_no_file_at_all_is_asked_for(as_):
    answer = as_("pia").post(PAGE)

    assert answer.status_code == 400
    assert "Choose a sheet first." in words(answer)


def test_a_long_sheet_shows_how_far_it_is_and_is_found_again(as_, monkeypatch):
    monkeypatch.setattr(uploads, "MOST_AT_ONCE", 2)
    pia = as_("pia")

    address = upload(pia).headers["Location"]
    waiting = pia.get(address)
    part = pia.get(address, headers={"HX-Request": "true"})
    kept = PlanImport.objects.get()
    check_upload(import_id=kept.pk, now=NOW)
    ready = pia.get(address, headers={"HX-Request": "true"})
    pia.post(f"{address}confirm/")
    running = words(pia.get(address))
    apply_upload(import_id=kept.pk, now=NOW)

    assert "0 of 5 rows judged. You can leave this page." in words(waiting)
    assert part.content.decode().strip().startswith('<div id="progress"')
    assert ready.headers["HX-Refresh"] == "true"
    assert "being imported. You can leave this page" in running
    assert "In the plan since Today 09:00" in words(pia.get(address))
    assert "imported" in words(pia.get(PAGE))


@pytest.mark.parametrize("person", ["sarah", "ines", "clara", "adele", "ada", "nils"])
def test_others_than_a_planner_see_the_button_dashed_with_who_can(as_, person):
    pia, other = as_("pia"), as_(person)
    address = upload(pia).headers["Location"]

    form, preview = other.get(PAGE), other.get(address)

    assert "Preview the sheet A planner can." in words(form)
    assert "Import 5 rows A planner can." in words(preview)
    assert upload(other).status_code == 403
    assert other.post(f"{address}confirm/").status_code == 403
    assert PlanImport.objects.count() == 1


def test_a_sheet_is_confirmed_once(as_):
    pia = as_("pia")
    address = upload(pia).headers["Location"]
    pia.post(f"{address}confirm/")

    again = pia.post(f"{address}confirm/")

    assert again.status_code == 409
    assert "Pia Novak imported this sheet at 09:00 UTC on 12 May 2026." in words(again)


def test_an_import_that_is_not_there_is_not_found(as_):
    assert as_("pia").get("/plan/import/99/").status_code == 404


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_example_can_be_imported_as_it_is(as_, kind):
    pia = as_("pia")

    example = pia.get(f"/plan/import/example.{kind}")
    preview = pia.get(upload(pia, example.content, f"e.{kind}").headers["Location"])

    assert f"plan-example.{kind}" in example.headers["Content-Disposition"]
    assert "2 rows: 2 new." in words(preview)
    assert pia.get("/plan/import/example.pdf").status_code == 404
