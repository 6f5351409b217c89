"""The words of a duty on the home page: what to do, why, and the page that does it."""

from collections.abc import Callable

from django.urls import reverse

from portal.kernel import clock, formats
from portal.kernel.pages.joints import Waiting
from workloads.enums import ReadinessCheck, Status
from workloads.requirements import in_words
from workloads.rules.duties import Duty
from workloads.selectors.duties import ToDo

Told = tuple[str, str, str, str]
"""Title, sentence, address, button."""


def told_duty(todo: ToDo) -> Waiting:
    workload = todo.workload
    title, sentence, link, button = _TOLD[todo.duty](todo)
    asks = f" {todo.ask.by} asks for it." if todo.ask else ""
    return Waiting(
        title=title,
        detail=f"{workload.name}. {sentence}{asks}",
        link=link,
        button=button,
        ref=workload.ref,
        ref_link=reverse("workloads:workload", args=[workload.ref]),
    )


def _answer(todo: ToDo) -> Told:
    refused = todo.workload.submitted_estimate
    version = _draft(todo)
    return (
        f"Answer the refusal of v{refused.version if refused else version - 1}",
        f"Draft v{version} is open with its numbers.",
        _version_page(todo, version),
        f"Open v{version}",
    )


def _finish(todo: ToDo) -> Told:
    version = _draft(todo)
    return (
        f"Finish draft v{version}",
        f"It lacks {in_words(todo.missing)}.",
        _version_page(todo, version),
        f"Open v{version}",
    )


def _submit(todo: ToDo) -> Told:
    version = _draft(todo)
    return (
        f"Submit draft v{version}",
        "It is complete; nobody can sign it before it is submitted.",
        reverse("workloads:estimate-submit", args=[todo.workload.ref, version]),
        f"Submit v{version}",
    )


def _estimate(todo: ToDo) -> Told:
    refused = todo.workload.submitted_estimate
    return (
        "Estimate it again" if refused else "Estimate it",
        f"v{refused.version} was refused."
        if refused
        else "It has no estimate yet, so nobody can sign.",
        _page(todo, "estimate-new"),
        f"Estimate {todo.workload.ref}",
    )


def _ask(todo: ToDo) -> Told:
    roles = formats.listed([str(role) for role in todo.lapsed])
    many = len(todo.lapsed) > 1
    submitted = todo.workload.submitted_estimate
    on = f" on v{submitted.version}" if submitted else ""
    return (
        f"Ask for the {roles} signature{'s' if many else ''} again",
        f"{'They' if many else 'It'} lapsed{on}.",
        f"{_page(todo, 'workload')}#road",
        "See who can sign",
    )


def _move(todo: ToDo) -> Told:
    signed = todo.workload.submitted_estimate
    day = (
        formats.day(clock.today(signed.signed_at))
        if signed and signed.signed_at
        else ""
    )
    return (
        "Move it to planned",
        f"v{signed.version if signed else 1} carries three signatures since {day}.",
        reverse("workloads:step", args=[todo.workload.ref, str(Status.PLANNED)]),
        "See the step",
    )


def _owner(todo: ToDo) -> Told:
    return (
        "Name its owner",
        "Nobody owns it yet.",
        _page(todo, "edit"),
        f"Edit {todo.workload.ref}",
    )


def _quarter(todo: ToDo) -> Told:
    return (
        "Set its ship quarter",
        "It cannot be committed without one.",
        _page(todo, "edit"),
        f"Edit {todo.workload.ref}",
    )


def _criteria(todo: ToDo) -> Told:
    return (
        "Write its success criteria",
        "It cannot be committed without one: metric, baseline, target, date.",
        _page(todo, "criteria"),
        "Write criteria",
    )


def _readiness(todo: ToDo) -> Told:
    return (
        "Prove that it is ready for production",
        f"{todo.proofs} of {len(ReadinessCheck)} proofs are there.",
        _page(todo, "readiness"),
        "Add a proof",
    )


_TOLD: dict[Duty, Callable[[ToDo], Told]] = {
    Duty.ANSWER: _answer,
    Duty.FINISH: _finish,
    Duty.SUBMIT: _submit,
    Duty.ESTIMATE: _estimate,
    Duty.ASK: _ask,
    Duty.MOVE: _move,
    Duty.OWNER: _owner,
    Duty.QUARTER: _quarter,
    Duty.CRITERIA: _criteria,
    Duty.READINESS: _readiness,
}


def _draft(todo: ToDo) -> int:
    draft = todo.workload.draft_estimate
    return draft.version if draft else 1


def _version_page(todo: ToDo, version: int) -> str:
    return reverse("workloads:estimate", args=[todo.workload.ref, version])


def _page(todo: ToDo, name: str) -> str:
    return reverse(f"workloads:{name}", args=[todo.workload.ref])
