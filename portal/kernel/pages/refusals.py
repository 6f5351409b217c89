"""A use case's refusal, shown at the fields it is about."""

from django import forms

from portal.kernel.errors import Problem


def show_refusal(form: forms.BaseForm, problem: Problem) -> None:
    """Each error at its field; what names no field of this form stands on top."""
    for error in problem.errors:
        name = error.pointer.removeprefix("/").partition("/")[0]
        form.add_error(name if name in form.fields else None, error.detail)
    if not problem.errors:
        form.add_error(None, problem.detail)
