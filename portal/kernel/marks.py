"""Status, signature and sign marks as safe strings, made once and kept.

A table draws thousands of these: they are constants from a cache, never an include.
"""

from functools import lru_cache

from django.templatetags.static import static
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

SIGN_ROLES = (("E", "Engineering"), ("F", "Finance"), ("O", "Ops"))
_STATUSES = ("candidate", "planned", "committed", "live", "retired")
_SIGN_STATES = {
    "signed": ("signed", "signed."),
    "waiting": ("waiting", "waiting."),
    "refused": ("refused", "refused."),
    "lapsed": ("lapsed", "lapsed."),
    "none": ("no estimate", "has no estimate to sign."),
}


@lru_cache(maxsize=1)
def sprite() -> str:
    """Address of the one file with every shape; hashed names are read once."""
    return static("portal/icons.svg")


@lru_cache(maxsize=256)
def icon(name: str, label: str = "", kind: str = "") -> SafeString:
    """One shape of the sprite; with a label it speaks, without it is decoration."""
    voice = (
        format_html('role="img" aria-label="{}"', label)
        if label
        else mark_safe('aria-hidden="true"')
    )
    return format_html(
        '<svg class="ic{}" {}><use href="{}#{}"/></svg>',
        f" {kind}" if kind else "",
        voice,
        sprite(),
        name,
    )


@lru_cache(maxsize=32)
def status_mark(status: str, *, boxed: bool = False) -> SafeString:
    """The circle that fills as the workload is loaded, with the word."""
    shape = status if status in _STATUSES else "ring"
    return format_html(
        '<span class="st {}{}">{}{}</span>',
        shape,
        " boxed" if boxed else "",
        icon(shape),
        str(status).capitalize(),
    )


@lru_cache(maxsize=256)
def signoff_mark(letter: str, state: str, note: str = "") -> SafeString:
    role = dict(SIGN_ROLES)[letter]
    title, spoken = _SIGN_STATES[state]
    return format_html(
        '<span class="mark {}" title="{}: {}{}"><span aria-hidden="true">{}</span>'
        '<span class="vh">{} {}{}</span></span>',
        state,
        role,
        title,
        f" ({note})" if note else "",
        letter,
        role,
        spoken,
        f" {note}." if note else "",
    )


@lru_cache(maxsize=2048)
def signoff_marks(states: tuple[str, str, str], note: str = "") -> SafeString:
    """E F O of one version, in that order; the note names a version that waits."""
    pairs = zip(SIGN_ROLES, states, strict=True)
    inner = "".join(signoff_mark(role[0], state, note) for role, state in pairs)
    return mark_safe(f'<span class="efo">{inner}</span>')  # noqa: S308 - parts are safe


@lru_cache(maxsize=64)
def no_gate(words: str = "No gate") -> SafeString:
    """The red cell of an unbounded cost."""
    return format_html('<span class="gateless">{}{}</span>', icon("unmet"), words)


@lru_cache(maxsize=512)
def warned(figure: str, why: str) -> SafeString:
    """A warning before the number, so that figures stay aligned."""
    return format_html(
        '<span><abbr class="wait" title="{}">{}</abbr> {}</span>',
        why,
        icon("watch", why),
        conditional_escape(figure),
    )


@lru_cache(maxsize=256)
def say(tone: str, words: str) -> SafeString:
    """Met, missing, watch: a shape and a word (ok, wait, stop)."""
    shape = {"ok": "met", "wait": "watch", "stop": "unmet"}.get(tone, "ring")
    return format_html('<span class="say {}">{}{}</span>', tone, icon(shape), words)
