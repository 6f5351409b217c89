"""The kernel's commands, as somebody at the console sees them."""

import io
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from portal.kernel.models import ApiToken, AuditEntry, User
from portal.kernel.selectors.tokens import token_of
from portal.kernel.services.audit import record
from tests.conftest import NOW

pytestmark = pytest.mark.django_db

PASSWORD = "a heavy truck at dawn"  # noqa: S105 - opens nothing


def run(*arguments: str) -> str:
    written = io.StringIO()
    call_command(*arguments, stdout=written)
    return written.getvalue()


@pytest.fixture
def typed_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n"))


@pytest.mark.parametrize(
    "arguments",
    [
        ["--role", "owner", "ops"],
        ["--role", "owner", "--role", "ops"],
        ["--role", "ops", "owner", "--role", "ops"],
    ],
)
def test_create_user_takes_roles_either_way(
    typed_password: None, arguments: list[str]
) -> None:
    written = run("create_user", "lena", *arguments, "--password-stdin")

    lena = User.objects.get()
    assert written == "lena: owner, ops\n"
    assert lena.roles == ["owner", "ops"]
    assert lena.check_password(PASSWORD)


def test_create_user_takes_name_email_and_function(typed_password: None) -> None:
    written = run(
        "create_user",
        "lena",
        "--role",
        "committee",
        "--function",
        "secretary",
        "--name",
        "Lena Falk",
        "--email",
        "lena@example.com",
        "--password-stdin",
    )

    lena = User.objects.get()
    assert written == "lena: committee (secretary)\n"
    assert (lena.name, lena.email, lena.committee_function) == (
        "Lena Falk",
        "lena@example.com",
        "secretary",
    )


def test_create_user_is_audited_as_a_command(typed_password: None) -> None:
    run("create_user", "lena", "--role", "committee", "--password-stdin")

    entry = AuditEntry.objects.get()
    assert (entry.source, entry.actor_id, entry.after["committee_function"]) == (
        "command",
        None,
        "chair",
    )


def test_create_user_without_a_password_makes_an_account_for_tokens() -> None:
    run("create_user", "gateway", "--role", "runtime")

    assert not User.objects.get().has_usable_password()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["lena", "--role", "owner", "--function", "chair"], "for the role committee"),
        (["SARAH", "--role", "owner"], "Another account has the username SARAH."),
        (["lena", "--role", "king"], "invalid choice: 'king'"),
        (["lena"], "--role"),
    ],
)
def test_create_user_says_what_is_wrong(
    cast: SimpleNamespace, arguments: list[str], said: str
) -> None:
    with pytest.raises(CommandError, match=said):
        run("create_user", *arguments)


@pytest.mark.parametrize(
    ("typed", "said"),
    [("", "no password"), ("\n", "no password"), ("short\n", "too short")],
)
def test_create_user_refuses_a_missing_or_weak_password(
    monkeypatch: pytest.MonkeyPatch, typed: str, said: str
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))

    with pytest.raises(CommandError, match=said):
        run("create_user", "lena", "--role", "owner", "--password-stdin")

    assert not User.objects.exists()


def test_create_token_prints_the_token_alone(cast: SimpleNamespace) -> None:
    written = run("create_token", "sarah", "--scope", "plan:read", "plan:write")

    found = token_of(written.removesuffix("\n"))
    assert found is not None
    assert (found.user, found.scopes, found.expires_at) == (
        cast.sarah,
        ["plan:read", "plan:write"],
        None,
    )


def test_create_token_takes_scopes_either_way_and_an_expiry(
    cast: SimpleNamespace,
) -> None:
    run(
        "create_token",
        "SARAH",
        "--scope",
        "plan:read",
        "--scope",
        "governance:read",
        "--expires-days",
        "30",
    )

    token = ApiToken.objects.get()
    assert token.scopes == ["plan:read", "governance:read"]
    assert token.expires_at == token.created_at + timedelta(days=30)


def test_create_token_binds_a_runtime_to_workloads(cast: SimpleNamespace) -> None:
    run("create_token", "gateway", "--scope", "gates:decide", "--workload", "W-01")

    assert ApiToken.objects.get().workloads == ["W-01"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["lena", "--scope", "plan:read"], "There is no account lena."),
        (["sarah", "--scope", "plan"], "invalid choice: 'plan'"),
        (["sarah", "--scope", "plan:read", "--expires-days", "0"], "takes 1 to 3650"),
        (["sarah", "--scope", "plan:read", "--expires-days", "x"], "invalid int"),
        (["sarah", "--scope", "plan:read", "--workload", "W-01"], "of a runtime"),
        (["sarah"], "--scope"),
    ],
)
def test_create_token_says_what_is_wrong(
    cast: SimpleNamespace, arguments: list[str], said: str
) -> None:
    with pytest.raises(CommandError, match=said):
        run("create_token", *arguments)

    assert not ApiToken.objects.exists()


def record_some(count: int) -> None:
    for number in range(count):
        record("a.b", f"x/{number}", actor=None, now=NOW)


def cut_tail_after(entry_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("DELETE FROM portal_auditentry WHERE id > %s", [entry_id])
        cursor.execute("SET LOCAL session_replication_role = origin")


def test_verify_audit_says_that_the_chain_is_whole() -> None:
    record_some(3)

    last = AuditEntry.objects.get(pk=3)
    assert run("verify_audit") == (
        f"The audit chain is whole: 3 entries, the last with hash {last.hash}.\n"
    )


def test_verify_audit_exits_with_1_and_names_the_first_broken_entry(
    capsys: pytest.CaptureFixture[str],
) -> None:
    record_some(3)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE portal_auditentry SET reason = 'x' WHERE id = 2")
        cursor.execute("SET LOCAL session_replication_role = origin")

    with pytest.raises(SystemExit) as end:
        call_command("verify_audit")

    assert end.value.code == 1
    assert capsys.readouterr().out == (
        "Entry 2 is broken: its content is not what its hash was made of.\n"
    )


def test_verify_audit_finds_a_cut_tail_through_an_exported_checkpoint(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint = str(tmp_path / "checkpoint.json")
    record_some(5)
    run("verify_audit", "--export-checkpoint", checkpoint)
    assert run("verify_audit", "--checkpoint", checkpoint).startswith("The audit chain")
    cut_tail_after(3)

    run("verify_audit")
    with pytest.raises(SystemExit) as end:
        call_command("verify_audit", "--checkpoint", checkpoint)

    assert end.value.code == 1
    assert capsys.readouterr().out.startswith("Entry 4 is broken: it is missing;")


@pytest.mark.parametrize("content", [None, "", "[]", "\xff"])
def test_verify_audit_refuses_a_file_that_is_no_checkpoint(
    tmp_path: Path, content: str | None
) -> None:
    path = tmp_path / "checkpoint.json"
    if content is not None:
        path.write_bytes(content.encode("latin-1"))

    with pytest.raises(CommandError, match=r"checkpoint\.json"):
        run("verify_audit", "--checkpoint", str(path))


def test_changepassword_goes_through_the_use_case(
    cast: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("a-long-enough-secret\n"))

    call_command("changepassword", "SARAH", stdout=io.StringIO())

    cast.sarah.refresh_from_db()
    assert cast.sarah.check_password("a-long-enough-secret")
    entry = AuditEntry.objects.latest("id")
    assert (entry.action, entry.object, entry.source) == (
        "account.changed",
        "account/sarah",
        "command",
    )
    assert "secret" not in str(entry.after)
