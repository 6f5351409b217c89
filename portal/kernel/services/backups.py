"""The whole database as one file, and back: PostgreSQL's own tools do both."""

import contextlib
import os
import re
import shutil
import subprocess
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader

# Dropped rather than emptied: what a newer version added must not stay behind.
EMPTY = "DROP SCHEMA public CASCADE; CREATE SCHEMA public;"


class BackupFailed(Exception):
    """The message is one sentence for the person at the terminal."""


def write_backup(file: Path) -> int:
    """Write it beside `file` first, so that one cut short never takes its place.

    Answers its size in bytes.
    """
    draft = file.with_name(file.name + ".part")
    draft.unlink(missing_ok=True)
    # Password hashes are in it: nobody else may read it, not even while it grows.
    os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        _run("pg_dump", "--format=custom", "--no-owner", f"--file={draft}")
        _run("pg_restore", "--list", str(draft))
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)
    return file.stat().st_size


def restore_backup(file: Path) -> None:
    """Replace all that the database holds, whole or not at all."""
    unknown = _migrations(file) - _known_migrations()
    if unknown:
        raise BackupFailed(
            f"{file} is from a newer version of Weighbridge: it knows the migration"
            f" {min(unknown)}. Nothing was changed."
        )
    _close_ours()
    with (
        _started("pg_restore", "--no-owner", "--file=-", str(file)) as reader,
        _started(
            "psql",
            *("--no-psqlrc", "--quiet", "--single-transaction"),
            *("--set=ON_ERROR_STOP=1", "--output=/dev/null"),
            *(f"--command={EMPTY}", "--file=-"),
        ) as writer,
    ):
        _pour(reader, writer)


def _pour(reader: "subprocess.Popen[bytes]", writer: "subprocess.Popen[bytes]") -> None:
    """psql commits at the end of its input, so it may see that end only when the
    reader came to the end of the file."""
    assert reader.stdout is not None  # noqa: S101 narrows the type
    assert writer.stdin is not None  # noqa: S101
    assert writer.stderr is not None  # noqa: S101
    whole = False
    # A broken pipe: psql ended early, and says why itself.
    with contextlib.suppress(BrokenPipeError):
        shutil.copyfileobj(reader.stdout, writer.stdin)
        whole = reader.wait() == 0
        if not whole:
            writer.kill()
    with contextlib.suppress(BrokenPipeError):
        writer.stdin.close()
    reader.kill()
    said = writer.stderr.read().decode(errors="replace")
    if writer.wait() == 0 and whole:
        return
    reason = f"psql: {_reason(said)}" if said else "pg_restore: the file is damaged"
    raise BackupFailed(f"{reason}. Nothing was changed.")


def _migrations(file: Path) -> set[str]:
    """The migrations that the backup's version had applied, as "app.name"."""
    if not file.is_file():
        raise BackupFailed(f"There is no file {file}.")
    try:
        rows = _run(
            "pg_restore",
            *("--data-only", "--table=django_migrations", "--file=-", str(file)),
        )
    except BackupFailed as failed:
        raise BackupFailed(
            f"{file} cannot be read as a backup: {failed}. Nothing was changed."
        ) from failed
    fields = [line.split("\t") for line in rows.splitlines() if "\t" in line]
    if not fields:
        raise BackupFailed(f"{file} is not a backup of Weighbridge.")
    return {f"{app}.{name}" for _, app, name, *_ in fields}


def _close_ours() -> None:
    """Our own connection would hold locks that the drop waits for."""
    connection.close()


def _known_migrations() -> set[str]:
    loader = MigrationLoader(None, ignore_no_migrations=True)
    return {f"{app}.{name}" for app, name in loader.disk_migrations}


def _run(tool: str, *arguments: str) -> str:
    answer = subprocess.run(
        [_tool(tool), *arguments],
        env=_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode != 0:
        raise BackupFailed(f"{tool}: {_reason(answer.stderr)}")
    return answer.stdout


def _started(tool: str, *arguments: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [_tool(tool), *arguments],
        env=_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def _reason(said: str) -> str:
    lines = said.strip().splitlines() or ["no reason given"]
    line = next((line for line in lines if "error:" in line.lower()), lines[0])
    # The caller names the tool already.
    return line.rstrip(".").rpartition("error: ")[2]


def _tool(name: str) -> str:
    """The system's, which speak TLS, unless they are older than the server: pg_dump
    refuses a newer one."""
    bundled = str(settings.DATABASE_TOOLS / name)
    found = shutil.which(name)
    if settings.EMBEDDED or found is None:
        return bundled
    version = subprocess.run(
        [found, "--version"], capture_output=True, text=True, check=False
    ).stdout
    major = re.search(r"\b(\d+)\b", version)
    if major is None or int(major[1]) < _server_major():
        return bundled
    return found


def _server_major() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version_num")
        return int(cursor.fetchone()[0]) // 10_000


def _environment() -> dict[str, str]:
    """In variables and not in arguments, where every user could read the password."""
    database = connection.settings_dict
    named = {
        "PGHOST": database["HOST"],
        "PGPORT": database["PORT"],
        "PGUSER": database["USER"],
        "PGPASSWORD": database["PASSWORD"],
        "PGDATABASE": database["NAME"],
        # Rather fail than wait behind a forgotten transaction.
        "PGOPTIONS": "-c lock_timeout=30s -c client_min_messages=error",
        **{
            f"PG{name.upper()}": str(value)
            for name, value in database["OPTIONS"].items()
            if name.startswith("ssl")
        },
    }
    return {
        **os.environ,
        **{name: str(value) for name, value in named.items() if value},
    }
