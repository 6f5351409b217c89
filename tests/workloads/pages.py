"""Reading a page as a person does: signed in as one of the cast, its words in a row."""

import html
import re
from types import SimpleNamespace
from typing import Any

from django.test import Client

BACKEND = "django.contrib.auth.backends.ModelBackend"

SEEN = ("if_version", "if_match", "seen", "sha256")


class Reader:
    """`Reader(cast)("noor")` is a browser in which Noor is signed in."""

    def __init__(self, cast: SimpleNamespace) -> None:
        self.cast = cast

    def __call__(self, username: str) -> Client:
        client = Client()
        client.force_login(getattr(self.cast, username), backend=BACKEND)
        return client


def words(response: Any) -> str:
    """The page's text, tags and blanks squeezed out."""
    text = re.sub(r"<[^>]+>", " ", response.content.decode())
    return re.sub(r"\s+", " ", html.unescape(text)).replace("\N{NO-BREAK SPACE}", " ")


def field(response: Any, name: str) -> str:
    """The value of the first hidden or text field of that name."""
    found = re.search(
        rf'<input[^>]*name="{name}"[^>]*value="([^"]*)"', response.content.decode()
    )
    assert found, f"{name} is not on the page"
    return html.unescape(found[1])


def seen(page: Any) -> dict[str, str]:
    """What a page's forms say that the person saw: versions, stamps, hashes."""
    found: dict[str, str] = {}
    for one in re.findall(r'<input type="hidden"[^>]*>', page.content.decode()):
        name, value = (re.search(rf'{part}="(.*?)"', one) for part in ("name", "value"))
        if name and value and name[1] in SEEN:
            found.setdefault(name[1], html.unescape(value[1]))
    return found


def press(client: Client, address: str, sent: Any = None, **options: Any) -> Any:
    """Open the page of a form, and send it with what the page showed."""
    return client.post(
        address, {**seen(client.get(address)), **(sent or {})}, **options
    )


def toasts(response: Any) -> list[str]:
    found = re.findall(r'<p class="toast">(.*?)</p>', response.content.decode())
    return [html.unescape(re.sub(r"<[^>]+>", "", one)).strip() for one in found]
