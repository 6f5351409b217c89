"""Forms of the admin: what they save, a use case saves."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from django.db import models, transaction

from portal.kernel.errors import Problem
from portal.kernel.models import User
from portal.kernel.pages.refusals import show_refusal


class UseCaseForm(forms.ModelForm):
    """The use case runs as the last check, so that what it refuses stands at the field.

    A form of its own implements `run`; the admin sets `actor`. Names in `guarded` are
    written by no form: a request that brings one is refused and not passed over.
    """

    actor: User
    saved: models.Model
    # Fields of the row that the use case takes; the form may ask for more than those.
    written: ClassVar[Sequence[str]] = ()
    guarded: ClassVar[Sequence[str]] = ()

    def run(self, changes: dict[str, Any]) -> models.Model:
        """Call the use case with the fields that were changed; answer the row."""
        raise NotImplementedError

    def clean(self) -> dict[str, Any]:
        for name in self.guarded:
            if name in self.data:
                words = name.replace("_", " ").capitalize()
                self.add_error(
                    None, f"{words} is read-only in this form. Nothing was saved."
                )
        return super().clean() or self.cleaned_data

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if self.errors:
            return
        try:
            # A savepoint: what a refusal undoes is this use case and nothing else.
            with transaction.atomic():
                self.saved = self.run(self._changes())
        except Problem as problem:
            show_refusal(self, problem)

    def _changes(self) -> dict[str, Any]:
        return {
            name: self.cleaned_data[name]
            for name in self.changed_data
            if name in self.written
        }


class VersionedForm(UseCaseForm):
    """Carries the version of the row that the person saw: a stale page saves nothing."""

    seen_version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is not None:
            self.initial["seen_version"] = self.instance.version
            self.fields["seen_version"].required = True
