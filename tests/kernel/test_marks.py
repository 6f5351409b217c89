"""Marks speak by word and shape; the beam draws load against limit."""

import re

import pytest

from portal.kernel.beams import Beam, beam
from portal.kernel.marks import icon, signoff_marks, status_mark, warned


@pytest.mark.parametrize(
    "status", ["candidate", "planned", "committed", "live", "retired"]
)
def test_status_mark_has_its_shape_and_its_word(status):
    html = status_mark(status)
    assert f"icons.svg#{status}" in html
    assert html.endswith(f"{status.capitalize()}</span>")


def test_sign_marks_say_role_and_state_and_name_the_waiting_version():
    html = signoff_marks(("signed", "waiting", "none"), "v3 waits")
    spoken = re.findall(r'class="vh">([^<]+)<', html)
    assert spoken == [
        "Engineering signed. v3 waits.",
        "Finance waiting. v3 waits.",
        "Ops has no estimate to sign. v3 waits.",
    ]


def test_icon_with_a_label_speaks_and_without_is_decoration():
    assert 'role="img" aria-label="Under the guidance"' in icon(
        "watch", "Under the guidance"
    )
    assert 'aria-hidden="true"' in icon("watch")


def test_what_people_typed_is_escaped_in_marks():
    assert "<script>" not in warned("<script>", 'a "reason" <b>')
    assert "<script>" not in beam(Beam(1, 2), "<script>")


def widths(html: str, kind: str) -> list[str]:
    return re.findall(rf'class="{kind}" x="[^"]*" y="[^"]*" width="([^"]*)"', html)


@pytest.mark.parametrize(
    ("drawn", "track", "load", "over"),
    [
        (Beam(0, 40), "80%", "0%", []),
        (Beam(19, 40), "80%", "38%", []),
        (Beam(40, 40), "80%", "80%", []),
        (Beam(43, 40), "80%", "80%", ["6%"]),
        (Beam(56, 40), "80%", "80%", ["20%"]),
        (Beam(5, 4, "target"), "66.67%", "83.33%", []),
        (Beam(1, 5, "target"), "100%", "20%", []),
        (Beam(12_867, 14_667, "stock"), "100%", "87.73%", []),
    ],
)
def test_beam_is_drawn_as_the_design_draws_it(drawn, track, load, over):
    html = beam(drawn, "words")
    assert widths(html, "track") == [track]
    assert widths(html, "load") == [load]
    assert widths(html, "over") == over


def test_beam_without_a_limit_has_an_open_track_and_no_poise():
    html = beam(Beam(19, None), "19, no ceiling yet")
    assert "track open" in html
    assert "poise" not in html
