from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings

from portal.kernel import clock
from portal.kernel.enums import Scope

SCOPE_WORDS = {
    Scope.PLAN_READ: "read the plan, capacity and actuals",
    Scope.PLAN_WRITE: "change the plan, estimates and signatures",
    Scope.GATES_DECIDE: "ask for gate decisions",
    Scope.USAGE_WRITE: "report usage",
    Scope.ACTUALS_WRITE: "record actuals, staffing, outcomes",
    Scope.GOVERNANCE_READ: "read governance and the audit trail",
    Scope.GOVERNANCE_WRITE: "change governance",
}
LIFETIMES = {"30": 30, "90": 90, "365": 365, "never": None}


class TokenForm(forms.Form):
    name = forms.CharField(
        max_length=100, label="What it is for", help_text="Such as: weekly BI export."
    )
    scopes = forms.MultipleChoiceField(
        choices=[
            (str(scope), f"{scope}: {words}") for scope, words in SCOPE_WORDS.items()
        ],
        widget=forms.CheckboxSelectMultiple,
        help_text="A token acts as you: your roles hold whatever its scopes say.",
    )
    lifetime = forms.ChoiceField(
        choices=[
            ("90", "90 days"),
            ("30", "30 days"),
            ("365", "a year"),
            ("never", "until it is revoked"),
        ],
        label="It works for",
    )

    def expires_at(self, now: datetime) -> datetime | None:
        """The end of the last day, on the organisation's calendar."""
        days = LIFETIMES[self.cleaned_data["lifetime"]]
        if days is None:
            return None
        last: date = clock.today(now) + timedelta(days=days)
        zone = ZoneInfo(str(settings.ORGANISATION_TIME_ZONE))
        return datetime.combine(last + timedelta(days=1), time.min, tzinfo=zone)
