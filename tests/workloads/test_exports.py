"""The plan as a file: what the page shows, exact, and importable again."""

import csv
import io
import json

import pytest
from openpyxl import load_workbook

from portal.kernel.models import AuditEntry
from tests.conftest import NOW
from tests.workloads import stories
from tests.workloads.test_imports_plan import PLAN, everything
from workloads.models import Workload
from workloads.rules.plan_filter import PlanFilter, Sort
from workloads.services.exports import ExportKind, export_plan
from workloads.services.imports import apply_import

TODAY = NOW.date()


def export(kind=ExportKind.CSV, **asked):
    return export_plan(asked=PlanFilter(**asked), kind=kind, today=TODAY)


@pytest.fixture
def demo(cast):
    apply_import(content=PLAN, actor=cast.pia, now=NOW)


def test_csv_has_the_columns_of_the_plan_and_exact_figures(demo):
    rows = list(csv.reader(io.StringIO(export().content.decode())))

    assert rows[:2] == [
        [
            "Ref",
            "Workload",
            "Owner",
            "Status",
            "Users",
            "Sessions/user/month",
            "Tokens/user/month",
            "Ops hours/week",
            "Model tier",
            "Cost gate",
            "Ship quarter",
        ],
        [
            "W-01",
            "Customer support chat",
            "Sarah Lind",
            "candidate",
            "4200",
            "18",
            "520000",
            "6",
            "Sonnet→Haiku",
            "soft-cap",
            "Q2-2026",
        ],
    ]
    assert rows[5][4:] == ["", "", "", "", "", "", "Q4-2026"]


def test_xlsx_holds_figures_as_numbers(demo):
    sheet = load_workbook(io.BytesIO(export(ExportKind.XLSX).content)).active

    assert [cell.value for cell in sheet[2]][4:8] == [4200, 18, 520_000, 6]


def test_json_holds_the_same_by_heading(demo):
    rows = json.loads(export(ExportKind.JSON).content)["rows"]

    assert rows[0]["Tokens/user/month"] == 520_000
    assert rows[4]["Tokens/user/month"] is None
    assert [row["Ref"] for row in rows] == ["W-01", "W-02", "W-03", "W-04", "W-05"]


def test_an_export_has_the_rows_and_the_order_of_the_page(demo):
    asked = {"quarter": "2026Q3", "sort": Sort.USERS, "descending": True}

    rows = json.loads(export(ExportKind.JSON, **asked).content)["rows"]

    assert [row["Users"] for row in rows] == [280, 95]


@pytest.mark.parametrize("kind", [ExportKind.CSV, ExportKind.XLSX])
def test_importing_an_export_of_every_status_changes_nothing(cast, demo, kind):
    stories.live(cast, name="=1+1", ship_quarter="2026Q3")
    stories.planned(cast, name="@home")
    stories.drafted(stories.proposed(cast, name="'Tis"), cast.pia)
    stories.moved(Workload.objects.get(number=2), "retired", cast.marcus, "Dropped")
    before = everything()

    answer = apply_import(content=export(kind).content, actor=cast.pia, now=NOW)

    assert {str(row.verdict) for row in answer.rows} == {"unchanged"}
    assert everything() == before


def test_a_formula_in_a_name_is_harmless_in_the_file(cast):
    stories.proposed(cast, name="=HYPERLINK(1)")

    assert "'=HYPERLINK(1)" in export().content.decode()


def test_an_export_writes_nothing_and_asks_one_query(demo, django_assert_num_queries):
    entries = AuditEntry.objects.count()

    with django_assert_num_queries(1):
        export()

    assert AuditEntry.objects.count() == entries


@pytest.mark.parametrize("kind", ExportKind)
def test_an_export_says_what_it_is(cast, kind):
    made = export(kind)

    assert made.file_name == f"plan-2026-05-12.{kind}"
    assert made.content
