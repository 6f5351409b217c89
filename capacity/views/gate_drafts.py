"""Drafting a gate: a form whose rows the server adds and takes away."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from capacity.enums import CeilingBasis, GateState
from capacity.forms.gate_drafts import (
    DraftForms,
    TierForm,
    from_body,
    from_post,
    with_row,
    without_row,
)
from capacity.models import GatePolicy, MeteredOptIn
from capacity.selectors.gate_ground import (
    Ground,
    NoCeiling,
    as_body,
    prefilled,
    recommendation,
)
from capacity.selectors.gates import open_gate, standing_opt_ins, tag_of
from capacity.services.gates import edit_gate_draft, open_gate_draft
from capacity.views.gate_actions import crumbs_of
from capacity.views.gate_words import OVERAGE_WORDS
from portal.kernel import access, clock, formats
from portal.kernel.errors import Problem, Stale
from portal.kernel.models import User
from portal.kernel.pages.toast import toast
from portal.kernel.selectors import numbers
from workloads.enums import CostGate
from workloads.models import Workload
from workloads.selectors.plan import get_workload
from workloads.views.reasons import last_change_of


@require_http_methods(["GET", "HEAD", "POST"])
def draft(request: HttpRequest, ref: str) -> HttpResponse:
    """GET is prefilled, or the open draft; POST adds or takes away a row, computes, or
    saves, as the pressed button says."""
    workload, now = get_workload(ref), clock.now()
    access.require(request.user, "gate.draft", workload)
    opened = open_gate(workload)
    editing = opened if opened and opened.state == GateState.DRAFT else None
    ground = Ground(workload, now)
    models = _models(ground)
    status, refused = 200, None
    if request.method == "POST":
        sent = from_post(request.POST, models)
        done, forms = _pressed(request, sent, models)
        if done == "save":
            saved = _save(request, workload, editing, forms, now)
            if isinstance(saved, GatePolicy):
                toast(request, f"Gate v{saved.version} of {workload.ref} is drafted.")
                return redirect("gates:version", workload.ref, saved.version)
            refused = saved
            status = saved.status if saved else 400
    else:
        forms = from_body(_body(editing, ground), models)
    context = _context(workload, editing, opened, forms, ground)
    return render(
        request,
        "capacity/gates/draft.html",
        {**context, "refused": refused.detail if refused else ""},
        status=status,
    )


def _pressed(
    request: HttpRequest, sent: DraftForms, models: list[str]
) -> tuple[str, DraftForms]:
    do = request.POST.get("do", "check")
    if do == "add":
        return do, with_row(sent, models)
    verb, _, place = do.partition("-")
    if verb == "remove" and place.isascii() and place.isdecimal() and len(place) < 4:
        return verb, without_row(sent, int(place), models)
    return do, sent


def _save(
    request: HttpRequest,
    workload: Workload,
    editing: GatePolicy | None,
    forms: DraftForms,
    now: datetime,
) -> GatePolicy | Problem | None:
    """The stored draft; else why it is not, shown at the fields."""
    if not forms.is_valid():
        return None
    user: User = request.user  # type: ignore[assignment]
    seen = request.POST.get("if_match", "")
    try:
        if editing is None:
            if seen:
                return _stale(workload)
            return open_gate_draft(
                number=workload.number, actor=user, values=forms.values(), now=now
            )
        return edit_gate_draft(
            number=workload.number,
            version=editing.version,
            actor=user,
            changes=forms.values(),
            now=now,
            if_match=seen or '"unseen"',
        )
    except Stale:
        return _stale(workload)
    except Problem as problem:
        if problem.status not in (409, 422):
            raise
        forms.show(problem.errors, problem.detail)
        return problem


def _stale(workload: Workload) -> Stale:
    return Stale(
        f"{last_change_of(workload)} changed this draft. You see what you typed; "
        "nothing was saved. Open it anew, then decide again."
    )


def _body(editing: GatePolicy | None, ground: Ground) -> dict[str, Any]:
    if editing is not None:
        return as_body(editing)
    body = {"mode": "enforce", **prefilled(ground)}
    tiers = []
    for tier in body["tiers"]:
        advice = recommendation(ground, tier["tier"], body["degrade_model"])
        # A recommended pattern brings the sentence that says why.
        tiers.append({"ceiling_basis": CeilingBasis.FIXED, **advice, **tier})
        if "overage" in tier:
            tiers[-1]["reason"] = tier.get("reason", "")
    return {**body, "tiers": tiers}


def _models(ground: Ground) -> list[str]:
    """What the rate card prices now; a model in use that it lacks stands there too."""
    workload = ground.workload
    named = (workload.primary_model, workload.degrade_model)
    return list(dict.fromkeys([*ground.models.spelling.values(), *filter(None, named)]))


def _context(
    workload: Workload,
    editing: GatePolicy | None,
    opened: GatePolicy | None,
    forms: DraftForms,
    ground: Ground,
) -> dict[str, Any]:
    version = editing.version if editing else None
    currency = numbers.current().currency
    standing = standing_opt_ins(workload)
    degrade = _value(forms.gate, "degrade_model")
    primary = _value(forms.gate, "primary_model")
    shadowed = opened if opened and opened.state == GateState.SHADOW else None
    return {
        "title": f"Draft of gate v{version}" if version else "A new version",
        "lede": "A draft decides nothing. Its owner and finance activate it, two people.",
        "crumbs": crumbs_of(workload, version, "Draft"),
        "workload": workload,
        "gate": forms.gate,
        "tiers": [
            _tier(form, n, ground, primary, degrade, standing)
            for n, form in enumerate(forms.tiers)
        ],
        "rows": len(forms.tiers),
        "can_remove": len(forms.tiers) > 1,
        "tag": tag_of(editing) if editing else "",
        "currency": currency,
        "shadowed": shadowed,
        "has_notice": bool(
            _value(forms.gate, "notice_text") or _value(forms.gate, "no_notice_reason")
        )
        or any(name.startswith(("notice", "no_notice")) for name in forms.gate.errors),
        "observes": _value(forms.gate, "mode") == "observe",
        "has_errors": forms.has_errors,
    }


def _tier(
    form: TierForm,
    place: int,
    ground: Ground,
    primary: str,
    degrade: str,
    standing: dict[str, MeteredOptIn],
) -> dict[str, Any]:
    code = _value(form, "tier")
    advice = recommendation(ground, code or "standard", degrade)
    overage = _value(form, "overage")
    opt_in = standing.get(code)
    return {
        "form": form,
        "place": place,
        "code": code,
        "advice": f"Recommended: {OVERAGE_WORDS[CostGate(advice['overage'])]}. "
        f"{advice['reason']}",
        "formula": _formula(form, ground, primary),
        "is_fixed": _value(form, "ceiling_basis") == CeilingBasis.FIXED,
        "is_metered": overage == CostGate.PAY_AS_YOU_GO
        or any(name.startswith(("opt_", "overage_")) for name in form.errors),
        "opt_in": opt_in,
    }


def _formula(form: TierForm, ground: Ground, primary: str) -> str:
    """The computed ceiling with its numbers put in, or what it lacks."""
    basis = _value(form, "ceiling_basis") or CeilingBasis.FIXED
    fixed = basis == CeilingBasis.FIXED
    try:
        found = ground.ceiling(
            CeilingBasis.ESTIMATE if fixed else CeilingBasis(basis),
            allowance=None if fixed else _decimal(form, "allowance"),
            amount=_decimal(form, "amount"),
            primary_model=primary,
        )
    except (NoCeiling, ValueError) as lack:
        return "" if fixed else str(lack)
    told = f"{found.formula}: {formats.in_full(found.tokens)} tokens"
    return f"From the estimate it would be {told}." if fixed else f"{told}."


def _decimal(form: TierForm, name: str) -> Any:
    """As typed, where it can be read."""
    try:
        return form.fields[name].clean(_value(form, name) or None)
    except Exception:  # noqa: BLE001 - the field itself says what is wrong with it
        return None


def _value(form: Any, name: str) -> Any:
    value = form[name].value()
    return "" if value is None else value
