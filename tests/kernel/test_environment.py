"""What each variable takes, and the sentence that a wrong value gets."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from portal.embedded.home import PROJECT
from portal.environment import Environment

READERS: dict[str, Any] = {
    "port": lambda it: it.port("X", 8000),
    "number": lambda it: it.whole_number("X", 60, lowest=1, highest=100),
    "switch": lambda it: it.switch("X", default=True),
    "host": lambda it: it.host("X", "127.0.0.1"),
    "zone": lambda it: it.time_zone("X", "UTC"),
    "database": lambda it: it.database("X"),
    "broker": lambda it: it.broker("X", "memory://"),
    "mail": lambda it: it.mail("X"),
    "address": lambda it: it.web_address("X", "http://127.0.0.1:8000"),
}


@pytest.mark.parametrize(
    ("reader", "given", "expected"),
    [
        ("port", "", 8000),
        ("port", " 80 ", 80),
        ("port", "65535", 65535),
        ("number", "100", 100),
        ("switch", "0", False),
        ("switch", "TRUE", True),
        ("switch", "", True),
        ("host", "0.0.0.0", "0.0.0.0"),
        ("host", "::1", "::1"),
        ("zone", "Europe/Warsaw", "Europe/Warsaw"),
        ("broker", "redis://:pw@cache:6379/1", "redis://:pw@cache:6379/1"),
        ("address", "https://weighbridge.example/", "https://weighbridge.example"),
    ],
)
def test_a_right_value_is_read(reader: str, given: str, expected: Any) -> None:
    assert READERS[reader](Environment({"X": given})) == expected


@pytest.mark.parametrize(
    ("reader", "given", "takes"),
    [
        ("port", "abc", "a whole number from 1 to 65535"),
        ("port", "0", "a whole number from 1 to 65535"),
        ("port", "65536", "a whole number from 1 to 65535"),
        ("port", "-1", "a whole number from 1 to 65535"),
        ("port", "+80", "a whole number from 1 to 65535"),
        ("port", "8_000", "a whole number from 1 to 65535"),
        ("port", "٨٠", "a whole number from 1 to 65535"),
        ("port", "8000.0", "a whole number from 1 to 65535"),
        ("port", "9" * 5000, "a whole number from 1 to 65535"),
        ("number", "101", "a whole number from 1 to 100"),
        ("switch", "2", "1 or 0"),
        ("switch", "on", "1 or 0"),
        ("host", "http://here", "an address or a host name without a port"),
        ("host", "a b", "an address or a host name without a port"),
        ("zone", "Mars/Base", "the name of a time zone like Europe/Warsaw"),
        ("zone", "../etc/passwd", "the name of a time zone like Europe/Warsaw"),
        ("zone", "Europe", "the name of a time zone like Europe/Warsaw"),
        ("database", "mysql://u@h/n", "postgresql://user:password@host:5432/name"),
        ("database", "postgresql://h", "postgresql://user:password@host:5432/name"),
        ("database", "postgresql://h:x/n", "postgresql://user:password@host:5432/name"),
        ("database", "x", "postgresql://user:password@host:5432/name"),
        ("broker", "kafka://h", "redis://host:6379/0"),
        ("broker", "redis", "redis://host:6379/0"),
        ("mail", "imap://h", "smtp://user:password@host:587"),
        ("mail", "smtp://", "smtp://user:password@host:587"),
        ("address", "weighbridge.example", "https://weighbridge.example"),
    ],
)
def test_a_wrong_value_is_refused_in_one_sentence(
    reader: str, given: str, takes: str
) -> None:
    with pytest.raises(ImproperlyConfigured) as refusal:
        READERS[reader](Environment({"X": given}))

    sentence = str(refusal.value)
    assert sentence.startswith("X takes ")
    assert takes in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence


def test_the_sentence_does_not_tell_the_password() -> None:
    with pytest.raises(ImproperlyConfigured) as refusal:
        Environment({"X": "mysql://kim:secret@host/name"}).database("X")

    assert "secret" not in str(refusal.value)
    assert "kim:…@host/name" in str(refusal.value)


def test_a_database_address_is_read_with_its_options() -> None:
    address = "postgresql://kim:p%40ss@db.example:6543/plan%20a?sslmode=require"

    assert Environment({"X": address}).database("X") == {
        "NAME": "plan a",
        "USER": "kim",
        "PASSWORD": "p@ss",
        "HOST": "db.example",
        "PORT": "6543",
        "OPTIONS": {"sslmode": "require", "prepare_threshold": 5},
    }


def test_a_socket_directory_stands_after_the_question_mark() -> None:
    read = Environment({"X": "postgres://kim@/plan?host=/run/db"}).database("X")

    assert read["HOST"] == "/run/db"
    assert read["OPTIONS"] == {"prepare_threshold": 5}


def test_prepared_statements_are_left_out_behind_a_pooler() -> None:
    read = Environment({"X": "postgres://kim@db/plan?prepare_threshold=none"})

    assert read.database("X")["OPTIONS"] == {"prepare_threshold": None}

    with pytest.raises(ImproperlyConfigured, match="whole number"):
        Environment({"X": "postgres://db/plan?prepare_threshold=often"}).database("X")


PRODUCTION = {
    "DATABASE_URL": "postgresql://kim@db.example/plan",
    "BROKER_URL": "redis://cache.example:6379/0",
    "WEIGHBRIDGE_SECRET_KEY": "k" * 60,
    "WEIGHBRIDGE_ALLOWED_HOSTS": "weighbridge.example",
}


def settings_with(variables: dict[str, str], home: Path) -> str:
    """What importing the settings says: nothing, or the sentence of the refusal."""
    script = (
        "from django.core.exceptions import ImproperlyConfigured\n"
        "try:\n    import portal.settings\n"
        "except ImproperlyConfigured as error:\n    print(error)\n"
    )
    kept = {name: os.environ[name] for name in ("PATH",)}
    return subprocess.run(
        [sys.executable, "-c", script],
        cwd=PROJECT,
        env={**kept, "WEIGHBRIDGE_HOME": str(home), **variables},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


def test_the_settings_need_no_variable(tmp_path: Path) -> None:
    assert settings_with({}, tmp_path) == ""


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("WEIGHBRIDGE_SECRET_KEY", "WEIGHBRIDGE_SECRET_KEY is needed in production"),
        ("WEIGHBRIDGE_ALLOWED_HOSTS", "WEIGHBRIDGE_ALLOWED_HOSTS is needed in prod"),
        ("BROKER_URL", "BROKER_URL is needed in production"),
        ("", ""),
    ],
)
def test_production_needs_it(name: str, sentence: str, tmp_path: Path) -> None:
    variables = {key: value for key, value in PRODUCTION.items() if key != name}

    said = settings_with(variables, tmp_path)

    assert said.startswith(sentence)
    assert bool(said) == bool(sentence)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("WEIGHBRIDGE_PORT", "eighty"),
        ("WEIGHBRIDGE_GATE_PORT", "70000"),
        ("WEIGHBRIDGE_HOST", "http://x"),
        ("WEIGHBRIDGE_DEMO", "maybe"),
        ("WEIGHBRIDGE_DEBUG", "maybe"),
        ("WEIGHBRIDGE_TIME_ZONE", "Nowhere"),
        ("WEIGHBRIDGE_RATE_LIMIT", "0"),
        ("WEIGHBRIDGE_KEEP_SHEETS_DAYS", "0"),
        ("WEIGHBRIDGE_KEEP_QUARANTINE_DAYS", "0"),
        ("WEIGHBRIDGE_WEBHOOKS_PRIVATE", "maybe"),
        ("WEIGHBRIDGE_HOME", "/dev/null"),
        ("DATABASE_URL", "sqlite:///x"),
        ("BROKER_URL", "here"),
    ],
)
def test_every_variable_is_read_by_the_settings(
    name: str, given: str, tmp_path: Path
) -> None:
    variables = {"WEIGHBRIDGE_DEBUG": "1", name: given}

    assert settings_with(variables, tmp_path).startswith(f"{name} takes ")
