"""The sheet that somebody uploads."""

from typing import Any

from django import forms

from workloads.services.sheets.files import DEFAULT_LIMITS


class UploadForm(forms.Form):
    sheet = forms.FileField(
        label="Sheet",
        allow_empty_file=True,
        help_text=(
            f"CSV or XLSX, at most {DEFAULT_LIMITS.rows:,} rows and "
            f"{DEFAULT_LIMITS.size // 1_000_000} MB. Nothing is imported yet."
        ),
        widget=forms.FileInput(attrs={"accept": ".csv,.xlsx"}),
        error_messages={"required": "Choose a sheet first."},
    )

    def content(self) -> bytes:
        """Its bytes, one more at most than an import takes: that is enough to refuse."""
        sheet: Any = self.cleaned_data["sheet"]
        read: bytes = sheet.read(DEFAULT_LIMITS.size + 1)
        return read

    @property
    def file_name(self) -> str:
        return str(self.cleaned_data["sheet"].name)
