"""Scenarios: changes beside the plan, and whether the reserve absorbs them."""

from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from capacity.forms.scenarios import ScenarioForm
from capacity.selectors.added import added_workloads
from capacity.selectors.forecast import Ground, ground
from capacity.selectors.problems import NotForecast, PriceMissing, TooManySamples
from capacity.selectors.scenarios import stage
from capacity.views.drawn import Drawn
from capacity.views.scenario_charts import Played, charts_of
from capacity.views.scenario_words import (
    budget_figures,
    quarter_rows,
    verdict_of,
)
from capacity.views.stress_words import stress_rows
from portal.kernel import clock
from portal.kernel.charts_twin import Twin
from portal.kernel.errors import Invalid
from portal.kernel.periods import Month
from portal.kernel.reach import require_in_reach
from workloads.rules.sheets.words import ModelTier
from workloads.services.sheets.writer import CONTENT_TYPES, write_csv

LEDE = "What if: the plan with changes beside the plan as it stands. Nothing is kept."


@require_safe
def scenarios(request: HttpRequest) -> HttpResponse:
    """The whole scenario stands in the address, so that a link shows the same to others."""
    now = clock.now()
    on = ground()
    form = _form(request, on, now)
    address = form.address() if form.is_valid() else None
    in_place = bool(request.headers.get("HX-Request"))
    if address is not None and not in_place and not _is(request, address):
        return HttpResponseRedirect(_page(address))
    context = {
        "title": "Scenarios",
        "lede": LEDE,
        "actions": [{"label": "Start over", "href": reverse("capacity:scenarios")}],
        "form": form,
        "query": address or "",
        "has_plan": bool(on.plan.sized),
        **_results(form, on, now),
    }
    answer = render(request, "capacity/scenarios/page.html", context)
    if in_place and address is not None:
        answer["HX-Push-Url"] = _page(address)
    return answer


@require_safe
def export(request: HttpRequest, slug: str) -> HttpResponse:
    """One chart's figures, or the quarters' verdicts, as CSV, exact."""
    now = clock.now()
    on = ground()
    form = _form(request, on, now)
    if not form.is_valid():
        raise Invalid("The address is no scenario; open it as a page to see why.")
    twins = _twins(_play(form, on, now))
    if slug not in twins:
        raise Http404(f"No table of a scenario is called {slug}.")
    content = write_csv(twins[slug].headings, twins[slug].rows)
    response = HttpResponse(content, content_type=CONTENT_TYPES["csv"])
    response["Content-Disposition"] = f'attachment; filename="scenario-{slug}.csv"'
    return response


def _form(request: HttpRequest, on: Ground, now: datetime) -> ScenarioForm:
    today = Month.of(clock.today(now))
    # What retired before this month is in no month ahead: nothing of it can change.
    there = [
        one
        for one in on.plan.sized
        if one.retired is None or one.retired.index >= today.index
    ]
    return ScenarioForm(request.GET, there, today)


def _is(request: HttpRequest, address: str) -> bool:
    return request.META.get("QUERY_STRING", "") == address


def _page(address: str) -> str:
    path = reverse("capacity:scenarios")
    return f"{path}?{address}" if address else path


def _play(form: ScenarioForm, on: Ground, now: datetime) -> Played:
    """`Invalid` names what the plan lacks, `NotForecast` what has no figures."""
    today = Month.of(clock.today(now))
    require_in_reach("/from", form.first, today)
    played = stage(form.first, form.months, on)
    changes = form.changes(added_workloads(_added(form), now, on.current))
    outcome = played.play(changes)
    sampled = (
        played.sample(changes, samples=form.samples, seed=form.seed)
        if form.samples
        else None
    )
    return Played(played, changes, outcome, sampled, today)


def _added(form: ScenarioForm) -> list[dict[str, Any]]:
    stated = form.added
    if stated is None:
        return []
    inputs = dict(stated)
    return [{**inputs, "model_tier": ModelTier(inputs.pop("model"), "")}]


def _results(form: ScenarioForm, on: Ground, now: datetime) -> dict[str, Any]:
    if not form.is_valid():
        return {"refused": (_errors(form), "", "")}
    try:
        played = _play(form, on, now)
    except Invalid as problem:
        details = " ".join(dict.fromkeys(one.detail for one in problem.errors))
        return {"refused": (details or problem.detail, "", "")}
    except TooManySamples as problem:
        return {"refused": (problem.detail, "", "")}
    except NotForecast as problem:
        words = "Rates" if isinstance(problem, PriceMissing) else "Its estimate"
        return {"refused": (problem.detail, problem.link or "", words)}
    return {
        "verdict": verdict_of(played),
        "figures": budget_figures(played),
        "quarters": quarter_rows(played),
        "quarters_twin": _twins(played)["quarters"],
        "charts": charts_of(played),
        "stress": stress_rows(
            played.stage.stress(played.today),
            currency=played.currency,
            starts=played.stage.ground.current.fiscal_year_starts,
        ),
        "sampled": played.sampled,
    }


def _errors(form: ScenarioForm) -> str:
    """Every wrong field in words: a change in place draws the fields not anew."""
    return " ".join(
        f"{form.fields[name].label}: {' '.join(str(one) for one in errors)}"
        for name, errors in form.errors.items()
    )


def _twins(played: Played) -> dict[str, Twin]:
    drawn: list[Drawn] = charts_of(played)
    quarters = Twin(
        (
            "Quarter",
            "Tokens more",
            "Compute more",
            "Ops more",
            "Excess",
            "Reserve left",
            "Missing",
        ),
        [
            (
                str(one.quarter),
                one.excess_of.tokens,
                one.excess_of.compute,
                one.excess_of.ops,
                one.excess,
                one.left,
                one.missing,
            )
            for one in played.outcome.quarters
        ],
    )
    return {"quarters": quarters, **{one.slug: one.twin for one in drawn}}
