"""How a kept value of the trail reads: as the pages show it, or as it was kept."""

import pytest

from workloads.views.trail_words import value_words


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("users", 4200, "4,200"),
        ("ship_quarter", "2026Q2", "2026-Q2"),
        ("due_on", "2026-12-01", "1 Dec 2026"),
        ("compliance_sensitive", True, "yes"),
        ("owner_text", "", "—"),
        # Written by another version of the program: shown, and no page fails on it.
        ("ship_quarter", "soon", "soon"),
        ("due_on", 7, "7"),
        ("profile", "moonlight", "moonlight"),
        ("sources", {"users": "oracle"}, "users oracle"),
        ("users", "many", "many"),
    ],
)
def test_a_value_reads_as_on_the_pages_or_as_it_was_kept(name, value, words):
    assert value_words(name, value) == words
