from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings

from portal.kernel.chain import Checkpoint, UnreadableCheckpoint
from portal.kernel.errors import FieldError, Invalid, TooLarge

LARGEST_CHECKPOINT = 4096


class AuditFilterForm(forms.Form):
    """The filters of the trail, as they stand in the address."""

    actor = forms.CharField(max_length=150, required=False)
    action = forms.CharField(max_length=100, required=False)
    object = forms.CharField(max_length=200, required=False)
    since = forms.DateField(required=False)
    until = forms.DateField(required=False)
    # Where the page begins: entries under `older`, or over `newer`.
    older = forms.IntegerField(min_value=1, max_value=2**62, required=False)
    newer = forms.IntegerField(min_value=0, max_value=2**62, required=False)

    def filters(self) -> dict[str, Any]:
        """As the selector takes them; days are the organisation's, both inclusive."""
        found = self.cleaned_data
        return {
            "actor": found.get("actor", ""),
            "action": found.get("action", ""),
            "object_": found.get("object", ""),
            "since": _start_of(found.get("since")),
            "until": _end_of(found.get("until")),
        }


class CheckpointForm(forms.Form):
    """A checkpoint as it was exported, some 200 bytes of JSON."""

    checkpoint = forms.FileField(
        label="Exported checkpoint",
        allow_empty_file=True,
        help_text="The file that the button Checkpoint gave, at most 4 kB.",
        widget=forms.FileInput(attrs={"accept": ".json,application/json"}),
    )

    def read(self) -> Checkpoint:
        """Raises TooLarge, or Invalid for what is no checkpoint."""
        if not self.is_valid():
            raise _refused("Choose the file of a checkpoint first.", "required")
        content = self.cleaned_data["checkpoint"].read(LARGEST_CHECKPOINT + 1)
        if len(content) > LARGEST_CHECKPOINT:
            raise TooLarge("A checkpoint has some 200 bytes; this file is over 4 kB.")
        try:
            return Checkpoint.from_json(content)
        except UnreadableCheckpoint as error:
            raise _refused(str(error), "unreadable") from error


def _refused(detail: str, code: str) -> Invalid:
    return Invalid(detail, errors=[FieldError("/checkpoint", code, detail)])


def _start_of(day: date | None) -> datetime | None:
    zone = ZoneInfo(str(settings.ORGANISATION_TIME_ZONE))
    return datetime.combine(day, time.min, tzinfo=zone) if day else None


def _end_of(day: date | None) -> datetime | None:
    start = _start_of(day)
    return start + timedelta(days=1, microseconds=-1) if start else None
