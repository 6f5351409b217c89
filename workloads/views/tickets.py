"""The weigh ticket of a version: before, change, after, a section a budget."""

from datetime import date
from typing import Any

from django.utils.html import format_html

from portal.kernel import clock, formats
from workloads.enums import SignRole, Verdict
from workloads.forms.inputs import DECLARED, FORMULA, SHARES, USERS
from workloads.models import Estimate, Workload
from workloads.rules.estimates import EstimateInputs
from workloads.rules.shown import model_tier_of
from workloads.selectors.estimates import budgets_json, inputs_of, versions
from workloads.selectors.signoffs import snapshot, standing_rows
from workloads.views.showing import Row, figure_rows, rows_of

TITLES = {
    SignRole.ENGINEERING: "Compute",
    SignRole.FINANCE: "Tokens",
    SignRole.OPS: "Ops hours",
}


def last_signed(estimate: Estimate, role: SignRole) -> Estimate | None:
    """What the role compares with: the newest earlier version that all three signed,
    else the newest that this role signed."""
    earlier = [
        row for row in versions(estimate.workload) if row.version < estimate.version
    ]
    signed = next((row for row in earlier if row.signed_at is not None), None)
    return signed or next((row for row in earlier if _approved(row, role)), None)


def _approved(estimate: Estimate, role: SignRole) -> bool:
    return any(
        row.role == role and row.verdict == Verdict.APPROVE
        for row in estimate.signoffs.all()
    )


def ticket_of(
    estimate: Estimate, before: Estimate | None, role: SignRole, today: date
) -> dict[str, Any]:
    """As components/_ticket.html draws it, the reader's own budget first."""
    workload: Workload = estimate.workload
    roles = [role, *(one for one in SignRole if one != role)]
    return {
        "sections": [
            {
                "heading": _heading(one, role, estimate, today),
                "rows": [row.with_units() for row in rows],
            }
            for one in roles
            if (rows := _rows(one, before, estimate))
        ],
        "before_label": _label(before, role),
        "after_label": f"v{estimate.version}, to sign",
        "sentence": _sentence(estimate),
        "caption": f"What changed on {workload.ref} since the last signature",
    }


def _label(before: Estimate | None, role: SignRole) -> str:
    if before is None:
        return "none before"
    moment = before.signed_at or next(
        row.at for row in before.signoffs.all() if row.role == role
    )
    return f"v{before.version}, signed {formats.day(clock.today(moment))}"


def _sentence(estimate: Estimate) -> str:
    who = estimate.submitted_by.display_name if estimate.submitted_by else "the system"
    when = estimate.submitted_at
    day = formats.day(clock.today(when)) if when else ""
    note = f": “{estimate.note}”" if estimate.note else "."
    return f"Estimate v{estimate.version} by {who}, {day}{note}"


def _heading(role: SignRole, mine: SignRole, estimate: Estimate, today: date) -> str:
    title = TITLES[role]
    row = next((one for one in standing_rows(estimate) if one.role == role), None)
    if row is not None:
        acted = "refused" if row.verdict == Verdict.REFUSE else "signed"
        if not snapshot(row).holds_on(today) and acted == "signed":
            acted = "lapsed, once signed"
        day = formats.day(clock.today(row.at), year=False)
        return f"{title}: {acted} by {row.signer.display_name}, {day}"
    return f"{title}: {'to sign here' if role == mine else f'waits for {role}'}"


def _rows(role: SignRole, before: Estimate | None, after: Estimate) -> list[Row]:
    old = inputs_of(before) if before else None
    new = inputs_of(after)
    old_figures = budgets_json(before) if before else None
    figures = budgets_json(after)
    if role == SignRole.OPS:
        return rows_of(("ops_hours_week", "ops_reason"), old, new)
    if role == SignRole.ENGINEERING:
        return [
            *rows_of(("session_minutes", "profile"), old, new),
            *figure_rows("compute", old_figures, figures),
        ]
    return [
        *_tier(old, new),
        *rows_of(_token_inputs(old, new), old, new),
        *figure_rows("tokens", old_figures, figures),
    ]


def _token_inputs(old: EstimateInputs | None, new: EstimateInputs) -> tuple[str, ...]:
    """The formula's factors, or the declared share; both where the basis changed."""
    bases = {
        one.declared_tokens_per_user_month is not None for one in (old, new) if one
    }
    names = [one.name for one in USERS.inputs]
    if False in bases:
        names += [one.name for one in FORMULA.inputs]
    if True in bases:
        names += [one.name for one in DECLARED.inputs if one.kind == "percent"]
    return (*names, *(one.name for one in SHARES.inputs if _moves(one.name, old, new)))


def _moves(name: str, old: EstimateInputs | None, new: EstimateInputs) -> bool:
    """A share that is zero in both is no line."""
    return any(getattr(one, name) for one in (old, new) if one)


def _tier(old: EstimateInputs | None, new: EstimateInputs) -> list[Row]:
    after = model_tier_of(new.primary_model, new.degrade_model)
    before = model_tier_of(old.primary_model, old.degrade_model) if old else ""
    return [
        Row(
            label="Model tier",
            before=_breakable(before),
            change="" if old is None else _same(before, after),
            after=_breakable(after),
            same=old is not None and before == after,
        )
    ]


def _breakable(tier: str) -> str:
    """Where the column is narrow, the second model stands below the first."""
    first, arrow, second = tier.partition("→")
    if not arrow:
        return tier or formats.BLANK
    return format_html("{}→<wbr>{}", first, second)


def _same(before: str, after: str) -> str:
    return "same" if before == after else "changed"
