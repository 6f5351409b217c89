"""Typed readers of environment variables.

A wrong value stops the start with one sentence: the variable, what it takes, what
was given.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit
from zoneinfo import ZoneInfo

from django.core.exceptions import ImproperlyConfigured

HIGHEST_PORT = 65535
SWITCHES = {"1": True, "true": True, "0": False, "false": False}
MAIL_PORTS = {"smtp": 587, "smtps": 465, "smtp+plain": 25}
BROKERS = ("redis", "rediss", "redis+socket", "amqp", "amqps", "memory")


class WrongValue(ImproperlyConfigured):
    def __init__(self, name: str, takes: str, given: str) -> None:
        super().__init__(f"{name} takes {takes}, not {given!r}.")


class Missing(ImproperlyConfigured):
    def __init__(self, name: str, takes: str) -> None:
        super().__init__(f"{name} is needed in production: {takes}.")


class Environment:
    """An empty variable counts as unset: `NAME= make run` is how a shell unsets one."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables

    def text(self, name: str, default: str = "") -> str:
        return self._variables.get(name, "").strip() or default

    def has(self, name: str) -> bool:
        return bool(self.text(name))

    def whole_number(
        self, name: str, default: int, *, lowest: int, highest: int
    ) -> int:
        given = self.text(name, str(default))
        takes = f"a whole number from {lowest} to {highest}"
        # int() alone would take "1_000", "٣" and "+5".
        if not (given.isascii() and given.isdigit()):
            raise WrongValue(name, takes, given)
        number = int(given) if len(given) < 20 else highest + 1
        if not lowest <= number <= highest:
            raise WrongValue(name, takes, given)
        return number

    def port(self, name: str, default: int) -> int:
        return self.whole_number(name, default, lowest=1, highest=HIGHEST_PORT)

    def switch(self, name: str, *, default: bool) -> bool:
        given = self.text(name, "1" if default else "0")
        if given.lower() not in SWITCHES:
            raise WrongValue(name, "1 or 0", given)
        return SWITCHES[given.lower()]

    def host(self, name: str, default: str) -> str:
        given = self.text(name, default)
        if any(character in given for character in "/ @?#,"):
            raise WrongValue(name, "an address or a host name without a port", given)
        return given

    def names(self, name: str) -> list[str]:
        return [part.strip() for part in self.text(name).split(",") if part.strip()]

    def time_zone(self, name: str, default: str) -> str:
        given = self.text(name, default)
        try:
            ZoneInfo(given)
        except (KeyError, ValueError, OSError) as error:
            takes = "the name of a time zone like Europe/Warsaw"
            raise WrongValue(name, takes, given) from error
        return given

    def directory(self, name: str, default: Path) -> Path:
        given = Path(self.text(name, str(default))).expanduser().absolute()
        if given.exists() and not given.is_dir():
            raise WrongValue(name, "the path of a directory", str(given))
        return given

    def web_address(self, name: str, default: str) -> str:
        given = self.text(name, default)
        url = urlsplit(given)
        if url.scheme not in {"http", "https"} or not url.netloc:
            raise WrongValue(name, "an address like https://weighbridge.example", given)
        return given.rstrip("/")

    def broker(self, name: str, default: str) -> str:
        given = self.text(name, default)
        if given.partition("://")[0] not in BROKERS or "://" not in given:
            takes = "an address like redis://host:6379/0 or amqp://user:password@host//"
            raise WrongValue(name, takes, _without_password(given))
        return given

    def database(self, name: str) -> dict[str, Any]:
        """Django's form of postgresql://user:password@host:port/name?option=value."""
        given = self.text(name)
        takes = "an address like postgresql://user:password@host:5432/name"
        try:
            url = urlsplit(given)
            port = url.port
        except ValueError as error:
            raise WrongValue(name, takes, _without_password(given)) from error
        database = unquote(url.path.lstrip("/"))
        if url.scheme not in {"postgres", "postgresql"} or not database:
            raise WrongValue(name, takes, _without_password(given))
        options: dict[str, Any] = dict(parse_qsl(url.query))
        if options.get("prepare_threshold") == "none":
            options["prepare_threshold"] = None
        elif not options.get("prepare_threshold", "5").isdecimal():
            takes = "prepare_threshold as a whole number, or none behind a pooler"
            raise WrongValue(name, takes, _without_password(given))
        else:
            options["prepare_threshold"] = int(options.get("prepare_threshold", "5"))
        return {
            "NAME": database,
            "USER": unquote(url.username or ""),
            "PASSWORD": unquote(url.password or ""),
            # A socket's directory cannot stand before the path: it has slashes.
            "HOST": options.pop("host", unquote(url.hostname or "")),
            "PORT": options.pop("port", str(port or "")),
            "OPTIONS": options,
        }

    def mail(self, name: str) -> dict[str, Any]:
        """smtp:// speaks STARTTLS, smtps:// TLS from the start, smtp+plain:// none."""
        given = self.text(name)
        takes = "an address like smtp://user:password@host:587"
        try:
            url = urlsplit(given)
            port = url.port
        except ValueError as error:
            raise WrongValue(name, takes, _without_password(given)) from error
        if url.scheme not in MAIL_PORTS or not url.hostname:
            raise WrongValue(name, takes, _without_password(given))
        return {
            "host": url.hostname,
            "port": port or MAIL_PORTS[url.scheme],
            "user": unquote(url.username or ""),
            "password": unquote(url.password or ""),
            "starttls": url.scheme == "smtp",
            "tls": url.scheme == "smtps",
        }


def _without_password(url: str) -> str:
    """The sentence ends in a terminal or a log; the secret must not."""
    scheme, mark, rest = url.partition("://")
    userinfo, at, place = rest.rpartition("@")
    if not at:
        return url
    return f"{scheme}{mark}{userinfo.partition(':')[0]}:…@{place}"
