"""The inbox's list: what waits, how a line of it reads, and the words of the press."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.urls import reverse

from portal.kernel import formats
from portal.kernel.pages.words import count_word
from workloads.enums import SignRole, Status
from workloads.models import Estimate
from workloads.selectors.approvals import WaitingSignature
from workloads.selectors.signoffs import marks_of, snapshot, standing_rows
from workloads.selectors.waiting_rows import FIGURES
from workloads.views.budgets import compute_words


@dataclass(frozen=True)
class Line:
    """One line of the list."""

    item: WaitingSignature
    href: str
    marks: dict[str, str]
    what: str
    when: str
    tone: str
    current: bool


def line_of(
    item: WaitingSignature,
    *,
    today: date,
    patience: int,
    current: bool,
    query: str = "",
) -> Line:
    """`patience`: working days after which waiting is late; `query`: the filters."""
    late = item.waited_working_days > patience
    when, tone = _waited(item, late=late)
    if item.renews is not None and item.due_on is not None:
        due = formats.due(item.due_on, today)
        when = f"lapses {formats.day(item.due_on, year=False)}, {due.lower()}"
        tone = formats.due_tone(item.due_on, today) or "quiet"
    return Line(
        item=item,
        href=f"{address_of(item)}{query}",
        marks={str(r): m for r, m in marks_of(item.estimate, today).items()},
        what=_what(item, today),
        when=when,
        tone=tone,
        current=current,
    )


def _waited(item: WaitingSignature, *, late: bool) -> tuple[str, str]:
    days = item.waited_working_days
    if not days:
        return "since today", "quiet"
    words = f"waited {days} working day{'s' if days != 1 else ''}"
    return words, "wait" if late else "quiet"


def address_of(item: WaitingSignature) -> str:
    return approval_address(item.workload.ref, item.estimate.version, item.role)


def approval_address(ref: str, version: int, role: SignRole) -> str:
    return reverse("workloads:approval", args=[ref, version, str(role)])


def _what(item: WaitingSignature, today: date) -> str:
    if item.renews is not None:
        return "renew: nothing changed"
    step = _step(item)
    if not item.yours:
        return f"{item.role} · {step}"
    last = len(_given(item.estimate, today) - {item.role}) == 2
    return f"{step} · yours is the last" if last else step


def _step(item: WaitingSignature) -> str:
    """The role's own figure, before → after where a signed version is in force."""
    shown, new = item.workload.shown_estimate, item.estimate
    old = shown if shown is not None and shown.pk != new.pk else None
    name, unit = FIGURES[item.role], UNITS[item.role]
    after = getattr(new, name)
    if after is None:
        return unit
    before = getattr(old, name) if old else None
    if before is None or before == after:
        return f"{formats.short(after)} {unit}"
    return f"{formats.short(before)} → {formats.short(after)} {unit}"


UNITS = {
    SignRole.ENGINEERING: "users",
    SignRole.FINANCE: "tokens/month",
    SignRole.OPS: "h/week",
}


def _given(estimate: Estimate, today: date) -> set[SignRole]:
    return {
        SignRole(row.role)
        for row in standing_rows(estimate)
        if snapshot(row).holds_on(today)
    }


def what_is_signed(estimate: Estimate, role: SignRole) -> str:
    """The sentence beside the button: exactly what the signature is on."""
    frozen = estimate.budgets or {}
    if role == SignRole.ENGINEERING and frozen.get("compute"):
        return f"compute: {compute_words(frozen['compute'])}."
    figure = getattr(estimate, FIGURES[role])
    words = signed_words(role, figure, estimate.tokens_per_user_month)
    cost = frozen.get("tokens", {}).get("cost_per_month")
    if role == SignRole.FINANCE and cost is not None:
        priced = formats.money(Decimal(cost), frozen["tokens"]["currency"])
        return f"{words.removesuffix('.')}; {priced} a month."
    return words


def signed_words(
    role: SignRole, figure: Decimal | int | None, tokens_per_user_month: int | None
) -> str:
    if role == SignRole.OPS:
        return f"ops hours: {formats.in_full(figure or 0)} h/week."
    if role == SignRole.FINANCE:
        return (
            f"tokens: {formats.short(figure or 0)} a month at full adoption, "
            f"{formats.short(tokens_per_user_month or 0)} a user."
        )
    return f"compute for {formats.in_full(figure or 0)} users."


def what_follows(estimate: Estimate, role: SignRole, today: date) -> str:
    """What the signature completes, and what it does not do by itself."""
    workload = estimate.workload
    missing = [
        str(one)
        for one in SignRole
        if one != role and one not in _given(estimate, today)
    ]
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        return f"{' and '.join(missing).capitalize()} {verb} still missing after yours."
    done = f"With it all three are given and v{estimate.version} is signed; "
    if workload.status == Status.CANDIDATE:
        return f"{done}{workload.ref} can then be moved to planned."
    return f"{done}{workload.ref} stays {workload.status}."


def lede_of(yours: int, others: int, *, narrowed: bool) -> str:
    if narrowed:
        return _lede_narrowed(yours, yours + others)
    if not yours and not others:
        return "Nothing waits for a signature."
    first = (
        f"{count_word(yours)} wait{'s' if yours == 1 else ''} for you"
        if yours
        else "Nothing waits for you"
    )
    second = f", {count_word(others).lower()} for others" if others else ""
    return (
        f"{first}{second}. Each shows what is signed, what changed since the last "
        "signature, and on which sources it rests."
    )


def _lede_narrowed(yours: int, shown: int) -> str:
    if not shown:
        return "Nothing that waits fits these filters."
    fits = "signature that waits fits" if shown == 1 else "signatures that wait fit"
    own = count_word(yours).lower() if yours else "none"
    if shown == 1:
        told = "it is yours" if yours else "it is not yours"
    else:
        told = f"{own} of them {'is' if yours < 2 else 'are'} yours"
    return f"{count_word(shown)} {fits} these filters; {told}."
