"""What a page's form was filled in from. A save that does not say it is a stale one."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.utils.dateparse import parse_datetime

from portal.kernel.errors import Stale

# Versions begin with 1, so that this one is never the present one.
NEVER = 0
NEVER_WRITTEN = datetime.min.replace(tzinfo=UTC)
UNSAID = "The form does not say which version it was filled in from."


class SeenVersion(forms.IntegerField):
    """The version of the row that the person saw; `NEVER` where it is not sent."""

    widget = forms.HiddenInput

    def __init__(self) -> None:
        super().__init__(required=False)

    def clean(self, value: Any) -> int:
        try:
            return super().clean(value) or NEVER
        except forms.ValidationError:
            return NEVER


class SeenStamp(forms.CharField):
    """The stamp or hash of what the person saw; empty, and thus wrong, when not sent."""

    widget = forms.HiddenInput

    def __init__(self) -> None:
        super().__init__(required=False)


def seen_version(sent: Mapping[str, Any]) -> int:
    return SeenVersion().clean(sent.get("if_version"))


def seen_moment(text: str) -> datetime:
    """When the record that the person saw was written; `NEVER_WRITTEN` else."""
    try:
        return parse_datetime(text) or NEVER_WRITTEN
    except ValueError:
        return NEVER_WRITTEN


def tell(problem: Stale, seen: object) -> None:
    """Where nothing was said to be seen, nobody was faster: name the reason it is."""
    if not seen:
        problem.detail = f"{UNSAID} Nothing was saved."


def note_of(seen: object, faster: str) -> dict[str, str]:
    """What a page writes above the form that it shows again."""
    stays = "Nothing was saved; what you typed stands below."
    if not seen:
        return {"fact": "Nothing was saved.", "sentence": f"{UNSAID} {stays}"}
    return {"fact": "Someone was faster.", "sentence": f"{faster} {stays}"}
