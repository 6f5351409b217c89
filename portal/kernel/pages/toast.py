"""A toast: only for what a person just did, with its undo where there is one."""

from typing import Any

from django.contrib import messages
from django.utils.html import format_html


def toast(request: Any, words: str, *, undo: tuple[str, str] | None = None) -> None:
    """`undo` is a label and the address where it is taken back."""
    text: str = format_html("{}", words)
    if undo:
        text = format_html('{} <a href="{}">{}</a>', words, undo[1], undo[0])
    messages.info(request, text)
