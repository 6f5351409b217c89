"""What a sheet is judged against, and what each of its rows would still lack."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db.models import QuerySet, prefetch_related_objects

from portal.kernel import clock
from portal.kernel.access import has_a_say
from portal.kernel.errors import NotFound
from portal.kernel.models import User
from portal.kernel.periods import Quarter, beyond_reach
from workloads.enums import EstimateState, ImportState, Status
from workloads.models import Estimate, PlanImport, Workload
from workloads.rules.estimates import TOKEN_FACTORS
from workloads.rules.imports.answers import AnswerRow, ImportAnswer
from workloads.rules.imports.plan import Figures, KnownRow, People, Plan
from workloads.rules.imports.verdicts import ImportVerdict, JudgedRow, matched_number
from workloads.rules.requirements import unmet_codes
from workloads.rules.sheets.rows import ParsedRow
from workloads.rules.sheets.words import name_key
from workloads.selectors.estimates import default_inputs, inputs_to_go_on_from
from workloads.selectors.plan import rows_with_requirements
from workloads.selectors.requirements import road_for
from workloads.selectors.signoffs import standing_rows

Rows = dict[int, Workload]

_INPUT_OF = {
    "users": "users",
    "sessions": "sessions_per_user_month",
    "tokens": "declared_tokens_per_user_month",
    "ops_hours": "ops_hours_week",
}


def plan_for(parsed: Sequence[ParsedRow], here: Quarter | None) -> tuple[Plan, Rows]:
    """The plan as a sheet meets it in the quarter `here`, and what it names."""
    names = dict(Workload.objects.values_list("number", "name"))
    by_name: dict[str, list[int]] = defaultdict(list)
    for number, name in names.items():
        by_name[name_key(name)].append(number)
    bare = Plan(by_name, names, {}, People())
    matches = (matched_number(row, bare) for row in parsed)
    matched = {number for number in matches if number is not None}
    rows = {
        workload.number: workload
        for workload in rows_with_requirements().filter(number__in=matched)
    }
    known = {number: _known(workload) for number, workload in rows.items()}
    return Plan(by_name, names, known, people(), _far_from(here)), rows


def _far_from(here: Quarter | None) -> Callable[[str], str]:
    def far(quarter: str) -> str:
        return beyond_reach(Quarter.parse(quarter), here) if here else ""

    return far


def people() -> People:
    """Who can own a row, by username, e-mail and display name."""
    by_name: dict[str, list[int]] = defaultdict(list)
    accounts = [
        account
        for account in User.objects.filter(is_active=True).order_by("id")
        if has_a_say(account)
    ]
    for account in accounts:
        by_name[account.display_name.lower()].append(account.pk)
    return People(
        by_username={account.username.lower(): account.pk for account in accounts},
        by_email={
            account.email.lower(): account.pk for account in accounts if account.email
        },
        by_name=by_name,
    )


def _known(workload: Workload) -> KnownRow:
    submitted, draft = workload.submitted_estimate, workload.draft_estimate
    signers: set[int | None] = set()
    if submitted is not None:
        for signoff in standing_rows(submitted):
            signers |= {signoff.signer_id, signoff.on_behalf_of_id}
    return KnownRow(
        number=workload.number,
        name=workload.name,
        status=Status(workload.status),
        requested_status=workload.requested_status,
        owner_id=workload.owner_id,
        owner=workload.owner_name,
        ship_quarter=workload.ship_quarter,
        primary_model=workload.primary_model,
        degrade_model=workload.degrade_model,
        cost_gate=workload.cost_gate,
        shown=_figures(workload.shown_estimate),
        draft=_figures(draft) if draft is not None else None,
        gate_decides=workload.gate_decides,
        signer_ids=frozenset(signer for signer in signers if signer is not None),
    )


def _figures(estimate: Estimate | None) -> Figures:
    if estimate is None:
        return Figures()
    return Figures(
        users=estimate.users,
        sessions=estimate.sessions_per_user_month,
        tokens=estimate.tokens_per_user_month,
        ops_hours=estimate.ops_hours_week,
    )


def estimate_changes(judged: JudgedRow) -> dict[str, Any]:
    """The figures of a row as inputs of an estimate.

    A sheet declares its tokens, so the token factors give way to them.
    """
    inputs = {_INPUT_OF[name]: value for name, value in judged.figures.items()}
    if "declared_tokens_per_user_month" in inputs:
        inputs |= dict.fromkeys(TOKEN_FACTORS)
    return inputs


def workload_changes(judged: JudgedRow, accounts: dict[int, User]) -> dict[str, Any]:
    """The fields of a row as values of the workload, its owner as an account."""
    fields = dict(judged.fields)
    if "owner_id" in fields:
        owner_id = fields.pop("owner_id")
        fields["owner"] = accounts[owner_id] if owner_id is not None else None
    return fields


def accounts_named(judged: Iterable[JudgedRow]) -> dict[int, User]:
    """The owners that the rows name, in one query."""
    return User.objects.in_bulk({row.fields.get("owner_id") for row in judged} - {None})


def rows_as_they_would_be(judged: Sequence[JudgedRow], rows: Rows) -> list[Workload]:
    """Each row's workload with the sheet's values in it. Never saved.

    The requirements read workloads, so that the preview asks the very list that the
    status machine asks, and states no rule of its own.
    """
    accounts = accounts_named(judged)
    defaults = default_inputs()
    imagined = [_imagined(row, rows, accounts, defaults) for row in judged]
    prefetch_related_objects(
        [workload for workload in imagined if workload.pk == UNSAVED],
        "criteria",
        "readiness",
    )
    return imagined


# A key that no row has: Django lets nothing be asked of a workload without one.
UNSAVED = 0


def _imagined(
    judged: JudgedRow, rows: Rows, accounts: dict[int, User], defaults: dict[str, Any]
) -> Workload:
    workload = rows.get(judged.number or 0)
    if workload is None:
        workload = Workload(pk=UNSAVED, number=judged.number or 0)
    for name, value in workload_changes(judged, accounts).items():
        setattr(workload, name, value)
    if judged.figures:
        draft = workload.draft_estimate or Estimate(
            workload=workload,
            version=1,
            state=EstimateState.DRAFT,
            **inputs_to_go_on_from(workload, defaults),
        )
        for name, value in estimate_changes(judged).items():
            setattr(draft, name, value)
        workload.draft_estimate = draft
    return workload


def missing_codes(
    judged: JudgedRow, imagined: Workload, now: datetime, once: dict[str, Any]
) -> list[str]:
    """The unmet codes of every status from candidate to the one the row asks for.

    `once` is the same for all rows of a sheet.
    """
    asked = judged.row.requested_status
    if asked is None or judged.verdict is ImportVerdict.ERROR:
        return []
    codes = unmet_codes(road_for(imagined, to=asked, now=now, once=once))
    return list(dict.fromkeys(codes))


def get_import(import_id: int) -> PlanImport:
    """One uploaded sheet, without its bytes. NotFound else."""
    found = _imports().filter(pk=import_id).first()
    if found is None:
        raise NotFound("There is no such import. Upload the sheet again.")
    return found


def recent_imports(limit: int = 20) -> list[PlanImport]:
    """The newest uploaded sheets, without their bytes and verdicts."""
    return list(_imports().defer("content", "verdicts")[:limit])


def _imports() -> QuerySet[PlanImport]:
    return PlanImport.objects.select_related("uploaded_by", "applied_by").defer(
        "content"
    )


def removed_words(kept: PlanImport) -> str:
    """Why a sheet cannot be imported any more; nothing while its file is there."""
    if kept.removed_at is None:
        return ""
    day = clock.today(kept.removed_at)
    return f"Its file was removed on {day:%-d %b %Y}. Upload the sheet again."


def answer_of(kept: PlanImport) -> ImportAnswer | None:
    """The verdicts as the preview showed them; None while they are being made."""
    if kept.verdicts is None:
        return None
    return ImportAnswer(
        rows=tuple(AnswerRow.from_kept(row) for row in kept.verdicts),
        applied=kept.state == ImportState.APPLIED,
        sha256=kept.sha256,
    )
