"""A choice of a filter bar, as `components/_filters.html` shows it."""

from collections.abc import Iterable
from typing import Any


def select(
    name: str, label: str, choices: Iterable[tuple[str, str]], chosen: str
) -> dict[str, Any]:
    """`choices` are pairs of value and words; `chosen` is the value in the address."""
    return {
        "name": name,
        "label": label,
        "choices": [(value, words, value == chosen) for value, words in choices],
    }
