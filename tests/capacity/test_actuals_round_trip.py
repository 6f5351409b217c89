"""An export of actuals is a sheet of actuals: imported again, it changes nothing."""

from types import SimpleNamespace

import pytest

from capacity.models import ComputeActual, OpsActual, QuarterEvent, TokenActual
from capacity.rules.actuals.judging import Verdict
from capacity.services.actuals_imports import (
    ActualsRefused,
    import_actuals,
    preview_actuals,
)
from tests.capacity import actual_stories as told
from tests.conftest import NOW
from tests.workloads.pages import Reader
from tests.workloads.stories import proposed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]

MAY_ENTER = {"compute": "ines", "ops": "noor", "tokens": "felix"}
REASONS = ("=1+1", "two\nlines\x07", "'quoted", "-")


@pytest.fixture
def entered(cast: SimpleNamespace) -> None:
    """Of each kind: entries, corrections of corrections, odd reasons, a closed quarter."""
    workload = proposed(cast)
    for place, reason in enumerate(REASONS):
        month = f"2026-0{place + 1}"
        told.compute(month, "orchestration", "1200.50", reason=reason)
        told.tokens(workload, month, reason=reason)
        told.ops(workload, f"2026-W1{place}", "4", reason=reason, entered_by=cast.noor)
        told.ops(None, f"2026-W1{place}", "0", category="platform")
    told.ops(workload, "2026-W10", "4")
    for model, values in (
        (ComputeActual, {"amount": told.D(0)}),
        (OpsActual, {"hours": told.D(0), "category": "platform"}),
        (TokenActual, {"turns": 1601}),
    ):
        for _ in range(2):
            last = model.objects.latest("id")
            again = {
                field.attname: getattr(last, field.attname)
                for field in model._meta.concrete_fields
                if field.name != "id"
            }
            model.objects.create(**{**again, **values, "corrects_id": last.pk})
    ComputeActual.objects.create(
        month="2026-03", peak_concurrent_sessions=told.D("71.4"), entered_at=NOW
    )
    QuarterEvent.objects.create(quarter="2026Q1", mark="closed", entered_at=NOW)


def exported(cast: SimpleNamespace, kind: str, form: str) -> bytes:
    address = f"/capacity/actuals/export.{form}?of={kind}"
    content: bytes = Reader(cast)("nils").get(address).content
    return content


@pytest.mark.parametrize("form", ["csv", "xlsx"])
@pytest.mark.parametrize("kind", MAY_ENTER)
def test_what_was_exported_is_imported_and_changes_nothing(
    cast: SimpleNamespace, entered: None, kind: str, form: str
) -> None:
    content, before = exported(cast, kind, form), exported(cast, kind, "csv")

    answer = import_actuals(
        content=content, actor=getattr(cast, MAY_ENTER[kind]), now=NOW
    )

    models = {"compute": ComputeActual, "ops": OpsActual, "tokens": TokenActual}
    assert len(answer.rows) == models[kind].objects.count() > 5
    assert {row.verdict for row in answer.rows} == {Verdict.UNCHANGED}
    # A workbook holds the second in which it was written.
    assert exported(cast, kind, "csv") == before


def test_a_row_that_is_changed_in_an_export_is_a_new_entry(
    cast: SimpleNamespace, entered: None
) -> None:
    headings, newest = exported(cast, "ops", "csv").decode().splitlines()[:2]
    sheet = f"{headings}\n{newest.replace('2026-W13', '2026-W18')}\n"

    answer = preview_actuals(content=sheet.encode(), actor=cast.noor, now=NOW)

    assert [row.verdict for row in answer.rows] == [Verdict.CREATE]


def test_a_reason_on_several_lines_is_entered_on_one(cast: SimpleNamespace) -> None:
    sheet = 'Month,Line,Amount,Reason\n2026-04,orchestration,1,"a\n bill\tcame\x07"\n'

    import_actuals(content=sheet.encode(), actor=cast.ines, now=NOW)

    assert ComputeActual.objects.get().reason == "a bill came"


def test_an_amount_in_another_currency_is_refused(cast: SimpleNamespace) -> None:
    sheet = "Month,Line,Amount,Currency\n2026-04,orchestration,1,{}\n"

    with pytest.raises(ActualsRefused) as refused:
        import_actuals(content=sheet.format("EUR").encode(), actor=cast.ines, now=NOW)
    taken = import_actuals(
        content=sheet.format("usd").encode(), actor=cast.ines, now=NOW
    )

    (error,) = refused.value.answer.rows[0].errors
    assert (error.column, error.code) == ("Currency", "wrong_currency")
    assert taken.counts[Verdict.CREATE] == 1
