"""Importing a plan through the API: a verdict a row, whole or not at all."""

from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from openpyxl import load_workbook

from portal.kernel.models import AuditEntry
from tests.workloads import stories
from workloads.models import Estimate, Workload

pytestmark = pytest.mark.django_db
IMPORT = "/api/v1/plan/import/"
EXPORT = "/api/v1/plan/export/"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

HEAD = (
    "Ref,Workload,Owner,Status,Users,Sessions/user/month,Tokens/user/month,"
    "Ops hours/week,Model tier,Cost gate,Ship quarter"
)
PLAN = "\n".join(
    [
        HEAD,
        'W-01,Customer support chat,Sarah,committed,"4,200",18,520k,6,'
        "Sonnet→Haiku,soft-cap,Q2-2026",
        "W-02,Internal Q&A over docs,Marcus,committed,1100,42,980k,4,"
        "Sonnet,Soft cap,2026Q2",
        "W-03,Sales-call summariser,Priya,planned,280,60,1.4M,2,Sonnet,PAYG,2026-Q3",
        "W-04,Code review assistant,Tom,planned,95,30,2.2M,3,"
        "Opus->Sonnet,soft-cap,Q3-2026",
        "W-05,Marketing copy drafts,Aisha,candidate,—,—,—,—,—,—,Q4-2026",
    ]
)
WRONG = PLAN.replace("520k", "5 20k")


def send(api, content, *, who="pia", query="", kind="text/csv", **headers):
    body = content.encode() if isinstance(content, str) else content
    return api(who)("POST", f"{IMPORT}{query}", body, Content_Type=kind, **headers)


def test_a_plan_is_read_as_people_type_it(cast, api):
    answer = send(api, PLAN)

    body = answer.json()
    assert (answer.status_code, body["applied"]) == (200, True)
    assert [(row["row"], row["ref"], row["verdict"]) for row in body["rows"]] == [
        (2, "W-01", "create"),
        (3, "W-02", "create"),
        (4, "W-03", "create"),
        (5, "W-04", "create"),
        (6, "W-05", "create"),
    ]
    assert set(body["rows"][0]) == {
        "row",
        "ref",
        "verdict",
        "requested_status",
        "missing",
        "errors",
    }
    assert body["rows"][0]["requested_status"] == "committed"
    assert body["rows"][0]["missing"] == [
        "estimate_complete",
        "signoff_engineering",
        "signoff_finance",
        "signoff_ops",
        "gate_defined",
        "no_staffing",
        "success_criteria",
    ]
    row = api("nils")("GET", "/api/v1/workloads/W-01/").json()
    assert (row["status"], row["requested_status"]) == ("candidate", "committed")
    assert (row["users"], row["tokens_per_user_month"]) == (4200, 520_000)
    assert (row["model_tier"], row["cost_gate"]) == ("Sonnet→Haiku", "soft_cap")
    assert (row["owner"], row["owner_text"]) == ("sarah", None)
    assert row["ship_quarter"] == "2026Q2"
    unmatched = api("nils")("GET", "/api/v1/workloads/W-03/").json()
    assert (unmatched["owner"], unmatched["owner_text"]) == (None, "Priya")


def test_the_same_file_twice_changes_nothing(cast, api):
    send(api, PLAN)
    entries = AuditEntry.objects.count()

    answer = send(api, PLAN)

    assert {row["verdict"] for row in answer.json()["rows"]} == {"unchanged"}
    assert AuditEntry.objects.count() == entries
    assert (Workload.objects.count(), Estimate.objects.count()) == (5, 4)


def test_a_dry_run_tells_the_same_and_writes_nothing(cast, api):
    answer = send(api, PLAN, query="?dry_run=true")

    assert (answer.status_code, answer.json()["applied"]) == (200, False)
    assert {row["verdict"] for row in answer.json()["rows"]} == {"create"}
    assert not Workload.objects.exists()


def test_one_wrong_cell_refuses_the_whole_file(cast, api):
    dry = send(api, WRONG, query="?dry_run=true")

    answer = send(api, WRONG)

    body = answer.json()
    assert (dry.status_code, answer.status_code) == (200, 422)
    assert (body["code"], body["applied"]) == ("rows_refused", False)
    assert body["rows"] == dry.json()["rows"]
    assert [row["verdict"] for row in body["rows"]][:2] == ["error", "create"]
    [error] = body["rows"][0]["errors"]
    assert (error["column"], error["value"]) == ("Tokens/user/month", "5 20k")
    assert set(error) == {"column", "value", "code", "detail"}
    assert not Workload.objects.exists()


def test_a_form_carries_the_file_too(cast, api):
    token = api("pia").headers
    file = SimpleUploadedFile("plan.csv", PLAN.encode(), "text/csv")

    answer = api("pia").client.post(IMPORT, {"file": file}, headers=token)

    assert (answer.status_code, answer.json()["applied"]) == (200, True)


@pytest.mark.parametrize(
    ("content", "kind", "status", "code"),
    [
        (b" ", "text/csv", 400, "unreadable_file"),
        (b"no,such,columns\n1,2,3", "text/csv", 400, "unreadable_file"),
        (b"\xff\xfe\x00\x01", "text/csv", 400, "unreadable_file"),
        (b"PK\x03\x04 not a zip", XLSX, 400, "unreadable_file"),
        (b"%PDF-1.7", "application/octet-stream", 400, "unreadable_file"),
        (PLAN.encode(), "application/json", 415, "unsupported_media_type"),
        (PLAN.encode(), "", 415, "unsupported_media_type"),
        (b"x", "multipart/form-data; boundary=x", 400, "invalid"),
        (b"x" * (10 * 1024 * 1024 + 1), "text/csv", 413, "too_large"),
    ],
)
def test_what_is_no_plan_is_refused(cast, api, content, kind, status, code):
    answer = send(api, content, kind=kind)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not Workload.objects.exists()


@pytest.mark.parametrize(
    ("who", "status"), [(None, 401), ("sarah", 403), ("clara", 403), ("ada", 403)]
)
@pytest.mark.parametrize("query", ["", "?dry_run=true"])
def test_only_a_planner_imports(cast, api, who, status, query):
    assert send(api, PLAN, who=who, query=query).status_code == status
    assert not Workload.objects.exists()


def test_the_same_key_imports_once(cast, api):
    first = send(api, PLAN, Idempotency_Key="k")
    again = send(api, PLAN, Idempotency_Key="k")
    other = send(api, WRONG, Idempotency_Key="k")

    assert first.json() == again.json()
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


# --- Export --------------------------------------------------------------------------


def test_an_import_of_an_export_changes_nothing(cast, api):
    send(api, PLAN)

    for form, kind in (("csv", "text/csv"), ("xlsx", XLSX)):
        file = api("nils")("GET", f"{EXPORT}?format={form}")
        answer = send(api, file.content, kind=kind)

        assert file.status_code == 200
        assert file["Content-Type"].startswith(kind)
        assert {row["verdict"] for row in answer.json()["rows"]} == {"unchanged"}


def test_an_export_holds_the_rows_of_the_filter_in_exact_figures(cast, api):
    send(api, PLAN)

    answer = api("nils")("GET", f"{EXPORT}?format=json&quarter=2026Q2&ordering=-ref")

    rows = answer.json()["rows"]
    assert [row["Ref"] for row in rows] == ["W-02", "W-01"]
    assert rows[1]["Tokens/user/month"] == 520_000
    assert rows[1]["Ship quarter"] == "Q2-2026"
    assert rows[1]["Model tier"] == "Sonnet→Haiku"


def test_a_cell_that_looks_like_a_formula_is_neutralised(cast, api):
    stories.proposed(cast, name="=1+1")

    sheet = api("nils")("GET", f"{EXPORT}?format=csv").content.decode()
    book = load_workbook(BytesIO(api("nils")("GET", f"{EXPORT}?format=xlsx").content))

    assert "'=1+1" in sheet
    assert book.active["B2"].value == "'=1+1"


@pytest.mark.parametrize("query", ["", "?format=pdf", "?format=csv&colour=red"])
def test_an_export_of_nonsense_is_refused(cast, api, query):
    assert api("nils")("GET", f"{EXPORT}{query}").status_code == 400


def test_an_export_needs_a_sign_in(db, api):
    assert api(None)("GET", f"{EXPORT}?format=csv").status_code == 401
