from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings


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


def _start_of(day: date | None) -> datetime | None:
    zone = ZoneInfo(str(settings.ORGANISATION_TIME_ZONE))
    return datetime.combine(day, time.min, tzinfo=zone) if day else None


def _end_of(day: date | None) -> datetime | None:
    start = _start_of(day)
    return start + timedelta(days=1, microseconds=-1) if start else None
