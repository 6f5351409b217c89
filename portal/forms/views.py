from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.urls import NoReverseMatch, reverse


class SaveViewForm(forms.Form):
    """A page's filters under a name of one's own."""

    name = forms.CharField(max_length=80, label="Name of the view")
    page = forms.CharField(max_length=50, widget=forms.HiddenInput)
    query = forms.CharField(
        max_length=2000, required=False, widget=forms.HiddenInput, strip=False
    )

    def clean_page(self) -> str:
        page: str = self.cleaned_data["page"]
        if address_of(page) is None:
            raise ValidationError("There is no such page to keep a view of.")
        return page


def address_of(page: str, query: str = "") -> str | None:
    """Where a saved view opens; None when its page is gone."""
    try:
        address = reverse(page)
    except NoReverseMatch:
        return None
    return f"{address}?{query}" if query else address


def rows_of(views: Any) -> list[dict[str, Any]]:
    return [
        {"view": view, "address": address_of(view.page, view.query)} for view in views
    ]
