"""The weigh ticket of a version: before, change, after, a section a budget."""

from datetime import date
from typing import Any

from portal.kernel import clock, formats
from workloads.enums import SignoffEndKind, SignRole, Verdict
from workloads.forms.inputs import DECLARED, FORMULA, SHARES, USERS
from workloads.models import Estimate, Signoff, Workload
from workloads.rules.estimates import EstimateInputs
from workloads.selectors.estimates import budgets_json, inputs_of, versions
from workloads.selectors.signoffs import renewable_from, snapshot
from workloads.selectors.sizing import Sizing, sizing_on
from workloads.views.showing import Row, figure_rows, rows_of, tier_row

TITLES = {
    SignRole.ENGINEERING: "Compute",
    SignRole.FINANCE: "Tokens",
    SignRole.OPS: "Ops hours",
}


def last_signed(estimate: Estimate, role: SignRole, today: date) -> Estimate | None:
    """What the role compares with: these very numbers where it signed them once, else
    the newest earlier version that all three signed, else the newest that it signed."""
    if signed_once(estimate, role, today) is not None:
        return estimate
    earlier = [
        row for row in versions(estimate.workload) if row.version < estimate.version
    ]
    signed = next((row for row in earlier if row.signed_at is not None), None)
    return signed or next((row for row in earlier if _given(row, role)), None)


def signed_once(estimate: Estimate, role: SignRole, today: date) -> Signoff | None:
    """The role's signature on this very version that lapsed, or that lapses soon."""
    row = _given(estimate, role)
    if row is None:
        return None
    soon = renewable_from(row, estimate)
    again = not snapshot(row).holds_on(today) or (soon is not None and soon <= today)
    return row if again else None


def _given(estimate: Estimate, role: SignRole) -> Signoff | None:
    """The newest signature of a role, lapsed ones included; one taken back is none."""
    return next(
        (
            row
            for row in reversed(list(estimate.signoffs.all()))
            if row.role == role
            and row.verdict == Verdict.APPROVE
            and _end_of(row) in (None, SignoffEndKind.LAPSED)
        ),
        None,
    )


def _end_of(row: Signoff) -> str | None:
    end = getattr(row, "end", None)
    return end.kind if end is not None else None


def ticket_of(
    estimate: Estimate, before: Estimate | None, role: SignRole, today: date
) -> dict[str, Any]:
    """As components/_ticket.html draws it, the reader's own budget first."""
    workload: Workload = estimate.workload
    roles = [role, *(one for one in SignRole if one != role)]
    once = signed_once(estimate, role, today)
    sizing = sizing_on(today)
    return {
        "sections": [
            {
                "heading": _heading(one, role, estimate, today),
                "rows": [row.with_units() for row in rows],
            }
            for one in roles
            if (rows := _rows(one, before, estimate, sizing))
        ],
        "before_label": _label(before, role, once),
        "after_label": f"v{estimate.version}, to sign{' again' if once else ''}",
        "sentence": _sentence(estimate),
        "standing": _standing(once, today) if once else "",
        "caption": f"What changed on {workload.ref} since the last signature",
    }


def _label(before: Estimate | None, role: SignRole, once: Signoff | None) -> str:
    if before is None:
        return "none before"
    own = once or _given(before, role)
    moment = own.at if own and (once or not before.signed_at) else before.signed_at
    day = formats.day(clock.today(moment)) if moment else ""
    return f"v{before.version}, signed {day}"


def _sentence(estimate: Estimate) -> str:
    who = estimate.submitted_by.display_name if estimate.submitted_by else "the system"
    when = estimate.submitted_at
    day = formats.day(clock.today(when)) if when else ""
    note = f": “{estimate.note}”" if estimate.note else "."
    return f"Estimate v{estimate.version} by {who}, {day}{note}"


def _standing(row: Signoff, today: date) -> str:
    """Who signed these very numbers, and how long that holds."""
    signed = f"{_signer(row)} signed these same numbers on {_day_of(row)}"
    until = formats.day(row.lapses_on) if row.lapses_on else ""
    lapse = "lapses" if snapshot(row).holds_on(today) else "lapsed"
    return f"{signed}; the signature {lapse} on {until}. Nothing changed since."


def _signer(row: Signoff) -> str:
    behalf = f" for {row.on_behalf_of.display_name}" if row.on_behalf_of else ""
    return f"{row.signer.display_name}{behalf}"


def _day_of(row: Signoff) -> str:
    """When it was given; what came in from minutes says so wherever it stands."""
    day = formats.day(clock.today(row.at))
    return f"{day}, attested from minutes" if row.attested else day


def _heading(role: SignRole, mine: SignRole, estimate: Estimate, today: date) -> str:
    title = TITLES[role]
    given, refused = _given(estimate, role), _refused(estimate, role)
    if refused is not None:
        return f"{title}: refused by {_signer(refused)}, {_day_of(refused)}"
    if given is not None and snapshot(given).holds_on(today):
        return f"{title}: signed by {_signer(given)}, {_day_of(given)}"
    if given is not None and given.lapses_on is not None:
        return f"{title}: lapsed on {formats.day(given.lapses_on)}, to sign again"
    return f"{title}: {'to sign here' if role == mine else f'waits for {role}'}"


def _refused(estimate: Estimate, role: SignRole) -> Signoff | None:
    return next(
        (
            row
            for row in estimate.signoffs.all()
            if row.role == role and row.verdict == Verdict.REFUSE
        ),
        None,
    )


def _rows(
    role: SignRole, before: Estimate | None, after: Estimate, sizing: Sizing
) -> list[Row]:
    old = inputs_of(before) if before else None
    new = inputs_of(after)
    old_figures = budgets_json(before, sizing) if before else None
    figures = budgets_json(after, sizing)
    if role == SignRole.OPS:
        return rows_of(("ops_hours_week", "ops_reason"), old, new)
    if role == SignRole.ENGINEERING:
        return [
            *rows_of(("session_minutes", "profile"), old, new),
            *figure_rows("compute", old_figures, figures),
        ]
    return [
        tier_row(old, new),
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
