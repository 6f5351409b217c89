"""A real browser for the walks: the system's Chromium, found or asked for by name."""

import os
import shutil
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.cache import cache
from playwright.sync_api import Browser, BrowserContext, Page

PASSWORD = "a long password of the cast"  # noqa: S105 - of people in tests
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")
NEEDED = os.environ.get("REQUIRE_BROWSER") == "1"
HINT = "no chromium: install it, or set CHROMIUM to its path"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without a browser these are skipped, unless the run says that it must be there."""
    if CHROMIUM or NEEDED:
        return
    here = os.path.dirname(__file__)
    for item in items:
        if str(item.path).startswith(here):
            item.add_marker(pytest.mark.skip(reason=HINT))


@pytest.fixture(scope="session")
def browser_type_launch_args(
    browser_type_launch_args: dict[str, Any],
) -> dict[str, Any]:
    if not CHROMIUM:
        pytest.fail(HINT)
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    return {
        **browser_type_launch_args,
        "executable_path": CHROMIUM,
        "args": ["--disable-dev-shm-usage", "--disable-gpu", *sandbox],
    }


@pytest.fixture
def people(cast: SimpleNamespace, rate_card: None) -> SimpleNamespace:
    """The cast, able to sign in; the models they choose from have their prices."""
    cache.clear()
    for person in vars(cast).values():
        person.set_password(PASSWORD)
        person.save()
    return cast


class Walk:
    """Browsers in which people are signed in, each with a context of its own."""

    def __init__(self, browser: Browser, address: str, *, script: bool) -> None:
        self.browser, self.address, self.script = browser, address, script
        self.contexts: list[BrowserContext] = []
        self.complaints: list[str] = []

    def __call__(self, username: str, **options: Any) -> Page:
        context = self.browser.new_context(
            base_url=self.address, java_script_enabled=self.script, **options
        )
        self.contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", self._hear)
        page.goto("/sign-in/")
        page.locator("#id_username").fill(username)
        page.locator("#id_password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"{self.address}/")
        return page

    def _hear(self, message: Any) -> None:
        """A refusal by the content security policy arrives here as an error."""
        # Typing on drops the preview that was under way; htmx says so as an error.
        dropped = message.text.startswith(("htmx:afterRequest", "htmx:sendAbort"))
        favicon = "favicon" in str(message.location)
        if message.type == "error" and not dropped and not favicon:
            self.complaints.append(message.text)


@pytest.fixture
def walk_with(
    browser: Browser, live_server: Any, people: SimpleNamespace
) -> Iterator[Callable[..., Walk]]:
    made: list[Walk] = []

    def walk(*, script: bool = True) -> Walk:
        made.append(Walk(browser, live_server.url, script=script))
        return made[-1]

    yield walk
    for one in made:
        for context in one.contexts:
            context.close()
