"""The page of actuals as people use it: list, enter, correct, import, close."""

from types import SimpleNamespace

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from capacity.models import ActualsImport, ComputeActual, OpsActual, TokenActual
from tests.capacity import actual_stories as told
from tests.workloads.pages import Reader, words
from tests.workloads.stories import proposed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]

PAGE = "/capacity/actuals/"
HOURS = {"workload": "W-01", "week": "2026-W17", "category": "on_call", "hours": "6.5"}


@pytest.fixture
def reader(cast: SimpleNamespace) -> Reader:
    return Reader(cast)


def test_hours_are_entered_and_listed(reader: Reader) -> None:
    proposed(reader.cast)
    noor = reader("noor")

    answer = noor.post(f"{PAGE}?of=ops", HOURS, follow=True)

    row = OpsActual.objects.get()
    assert (row.hours, row.entered_by) == (told.D("6.5"), reader.cast.noor)
    assert "W-01 Customer support chat 2026-W17 2026-04 on-call 6.5" in words(answer)


def test_costs_and_usage_have_their_own_form(reader: Reader) -> None:
    proposed(reader.cast)
    cost = {"month": "2026-04", "line": "orchestration", "amount": "1200"}
    usage = {"month": "2026-04", "workload": "W-01", **told.TOKENS}

    assert reader("ines").post(f"{PAGE}?of=compute", cost).status_code == 302
    assert reader("felix").post(f"{PAGE}?of=tokens", usage).status_code == 302

    assert ComputeActual.objects.get().amount == 1200
    assert TokenActual.objects.get().turns == 1600
    page = reader("nils").get(f"{PAGE}?of=compute")
    assert "orchestration 2026-04 $1,200.00" in words(page)


@pytest.mark.parametrize(
    ("sent", "status", "said"),
    [
        ({"week": "2026-W54"}, 400, "It is no ISO week"),
        ({"week": ""}, 400, "required"),
        ({"hours": "-1"}, 400, "below 0"),
        ({"hours": "NaN"}, 400, "number"),
        ({"hours": "1e400"}, 400, ""),
        ({"workload": "W-99"}, 400, "valid choice"),
        ({"category": "tea"}, 400, "valid choice"),
        ({"week": "2026-W10"}, 409, "2026-Q1 is closed"),
        ({"reason": "a\x00b"}, 400, "Null characters"),
        ({"corrects": "77"}, 400, "no entry 77"),
    ],
)
def test_a_wrong_entry_stays_in_its_form_with_the_reason(
    reader: Reader, sent: dict[str, str], status: int, said: str
) -> None:
    proposed(reader.cast)

    answer = reader("noor").post(f"{PAGE}?of=ops", {**HOURS, **sent})

    assert answer.status_code == status
    assert said in words(answer)
    assert not OpsActual.objects.exists()


def test_a_correction_begins_with_what_it_corrects_and_strikes_it(
    reader: Reader,
) -> None:
    first = told.compute("2026-04", "orchestration", "100.00")
    ines = reader("ines")

    form = ines.get(f"{PAGE}?of=compute&corrects={first.pk}").content.decode()
    sent = {"month": "2026-04", "line": "orchestration", "amount": "120"}
    ines.post(f"{PAGE}?of=compute", {**sent, "corrects": str(first.pk)})

    assert 'value="100.00"' in form
    page = ines.get(f"{PAGE}?of=compute").content.decode()
    assert "<s>$100.00</s>" in page
    second = ComputeActual.objects.latest("id")
    assert "corrected by <a" in page
    standing = words(ines.get(f"{PAGE}?of=compute&show=standing"))
    assert "$120.00" in standing
    assert "$100.00" not in standing
    assert second.corrects == first


def test_the_list_is_filtered_searched_and_sorted(reader: Reader) -> None:
    chat = proposed(reader.cast)
    told.ops(chat, "2026-W17", "4", reason="Easter")
    told.ops(None, "2026-W18", "9", category="platform")
    told.ops(chat, "2026-W02", "1")
    nils = reader("nils")

    def hours(query: str) -> list[str]:
        page = nils.get(f"{PAGE}?of=ops&{query}")
        return [row.cells[-1].text for row in page.context["rows"]]

    assert hours("") == ["9", "4", "1"]
    assert hours("order=oldest") == ["1", "4", "9"]
    assert hours("order=largest") == ["9", "4", "1"]
    assert hours("q=easter") == ["4"]
    assert hours("q=w-01") == ["4", "1"]
    assert hours("workload=platform") == ["9"]
    assert hours("workload=W-01&quarter=2026Q1") == ["1"]
    assert hours("what=platform") == ["9"]
    assert hours("q=nothing") == []
    for nonsense in (
        "quarter=x",
        "of=x",
        "order=x",
        "page=0",
        "page=999999999",
    ):
        assert nils.get(f"{PAGE}?{nonsense}").status_code == 200


def test_the_page_asks_as_much_for_many_rows_as_for_one(
    reader: Reader,
) -> None:

    nils = reader("nils")
    chat = proposed(reader.cast)
    counts = []
    for _ in range(2):
        told.ops(chat, "2026-W17", "4")
        nils.get(f"{PAGE}?of=ops")
        with CaptureQueriesContext(connection) as asked:
            nils.get(f"{PAGE}?of=ops")
        counts.append(len(asked))

    assert counts[0] == counts[1]


def test_an_export_holds_every_row_and_no_formula(reader: Reader) -> None:
    told.compute("2026-04", "orchestration", "100.50", reason="=1+1")

    answer = reader("nils").get(f"{PAGE}export.csv?of=compute")

    lines = answer.content.decode().splitlines()
    assert lines[0].startswith("Month,Line,Amount,Peak concurrent sessions,Corrects")
    assert lines[1].startswith("2026-04,orchestration,100.5,,,'=1+1,")
    assert reader("nils").get(f"{PAGE}export.pdf").status_code == 404
    assert reader("nils").get(f"{PAGE}export.xlsx?of=tokens").status_code == 200


def test_a_closed_quarter_says_so_and_finance_opens_it(reader: Reader) -> None:
    told.marked("2026Q1", "closed")
    felix = reader("felix")

    noor = words(reader("noor").get(f"{PAGE}?quarter=2026Q1"))
    answer = felix.post(
        "/capacity/quarters/2026Q1/reopen/", {"reason": "late bill"}, follow=True
    )

    assert "2026-Q1 is closed and takes no entries." in noor
    assert "The finance lead can." in noor
    assert "2026-Q1 takes entries again." in words(answer)
    assert "is closed and takes no entries" not in words(answer)
    bad = felix.post("/capacity/quarters/2026Q2/reopen/", {"reason": "why"})
    assert bad.status_code == 409
    assert felix.post("/capacity/quarters/x/close/").status_code == 404


def test_a_sheet_is_looked_at_and_then_entered(reader: Reader) -> None:
    ines = reader("ines")
    text = b"Month,Line,Amount\n2026-04,orchestration,1.2k\n"
    sheet = SimpleUploadedFile("april.csv", text, "text/csv")

    preview = ines.post(f"{PAGE}import/", {"sheet": sheet}, follow=True)
    kept = ActualsImport.objects.get()
    done = ines.post(f"{PAGE}import/{kept.pk}/confirm/", follow=True)
    again = ines.post(f"{PAGE}import/{kept.pk}/confirm/")

    assert "1 row of compute: 1 new. Nothing is entered" in words(preview)
    assert "1,200" in words(preview)
    assert "april.csv is entered." in words(done)
    assert again.status_code == 409
    assert ComputeActual.objects.count() == 1
    assert "april.csv" in words(ines.get(f"{PAGE}import/"))


def test_a_sheet_with_errors_shows_them_and_cannot_be_entered(reader: Reader) -> None:
    ines = reader("ines")
    text = b"Month,Line,Amount\n2026-04,gpu,-5\n"
    sheet = SimpleUploadedFile("april.csv", text, "text/csv")

    preview = ines.post(f"{PAGE}import/", {"sheet": sheet}, follow=True)
    kept = ActualsImport.objects.get()
    confirmed = ines.post(f"{PAGE}import/{kept.pk}/confirm/", follow=True)

    assert "Amount “-5”: It is below 0" in words(preview)
    assert "taken whole or not at all" in words(preview)
    assert "Nothing was entered." in words(confirmed)
    assert not ComputeActual.objects.exists()
    no_sheet = SimpleUploadedFile("x.pdf", b"%PDF-1.7", "application/pdf")
    refused = ines.post(f"{PAGE}import/", {"sheet": no_sheet})
    assert (refused.status_code, ActualsImport.objects.count()) == (400, 1)
    assert "The file is a PDF" in words(refused)


def test_others_get_no_further_than_reading(reader: Reader) -> None:
    pia = reader("pia")

    assert pia.post(f"{PAGE}?of=ops", HOURS).status_code == 403
    assert pia.post(f"{PAGE}import/").status_code == 403
    assert "The ops lead can." in words(pia.get(PAGE))
