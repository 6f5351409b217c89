"""Entity tags: which version an answer showed, and which one a change is meant for."""

import re

from portal.kernel.errors import PreconditionRequired, Stale

# RFC 9110 8.8.3: optional weakness, then visible characters without the quote.
_TAG = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
_LIST = re.compile(rf"\s*{_TAG.pattern}\s*(,\s*{_TAG.pattern}\s*)*,?\s*")
ANY = "*"


def etag_of(*parts: object) -> str:
    """A strong entity tag of what identifies a version: `etag_of("W-01", 3)`."""
    text = ".".join(str(part) for part in parts)
    tag = f'"{text}"'
    if not _TAG.fullmatch(tag):
        raise ValueError(f"{text!r} cannot stand in an entity tag")
    return tag


def matches_strongly(header: str, current: str) -> bool:
    """Whether If-Match names `current`. A weak tag never does (RFC 9110 13.1.1)."""
    if header.strip() == ANY:
        return True
    if not _LIST.fullmatch(header):
        return False
    return any(not weak and f'"{tag}"' == current for weak, tag in _TAG.findall(header))


def matches_weakly(header: str, current: str) -> bool:
    """Whether If-None-Match names `current`: weakness is of no account."""
    if header.strip() == ANY:
        return True
    return any(f'"{tag}"' == current for _, tag in _TAG.findall(header))


def require_match(header: str | None, current: str) -> None:
    """428 when If-Match is missing, 412 when it names another version."""
    if header is None or not header.strip():
        raise PreconditionRequired(
            "This change needs the header If-Match with the ETag that was read last.",
            headers={"ETag": current},
        )
    if not matches_strongly(header, current):
        raise Stale(
            f"If-Match names {header.strip()[:100]}, and the version now is {current};"
            " nothing was saved. Read it again, then decide again.",
            extra={"etag": current},
            headers={"ETag": current},
        )
