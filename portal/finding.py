"""The house's own pages, for the search."""

from collections.abc import Iterable
from typing import Any

from django.urls import reverse

from portal.kernel.pages.joints import Found
from portal.navigation import SECTIONS

_SETTINGS = (
    ("Settings, look and keys", "portal:settings"),
    ("API tokens", "portal:tokens"),
    ("Saved views", "portal:views"),
    ("Password", "portal:password"),
    ("Deputies", "workloads:deputies"),
    ("Numbers of the model", "portal:numbers"),
    ("Accounts and roles", "portal:accounts"),
    ("Mail", "portal:mail"),
    ("Webhooks", "portal:webhooks"),
)


def find_pages(_user: Any, words: str, _limit: int) -> Iterable[Found]:
    wanted = words.casefold().split()
    for name, address in _pages():
        if all(word in name.casefold() for word in wanted):
            yield Found("Page", name, address)


def _pages() -> Iterable[tuple[str, str]]:
    for section in SECTIONS:
        if section.address and not section.pages:
            yield section.name, section.address
        for page in section.pages:
            if page.address:
                yield f"{section.name}, {page.name.lower()}", page.address
    for name, url_name in _SETTINGS:
        yield name, reverse(url_name)
