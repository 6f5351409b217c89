"""Backup and restore, on a small database of their own beside the tests' one."""

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection

from portal.kernel.services import backups
from portal.kernel.services.backups import BackupFailed, restore_backup, write_backup

pytestmark = pytest.mark.django_db

TABLES = """
CREATE TABLE django_migrations (id int, app text, name text, applied timestamptz);
INSERT INTO django_migrations VALUES (1, 'portal', '0001_initial', now());
CREATE TABLE fact (id int PRIMARY KEY, said text);
INSERT INTO fact VALUES (1, 'one'), (2, E'tab\\there');
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'facts stay'; END $$;
CREATE TRIGGER facts_stay BEFORE DELETE ON fact
    FOR EACH ROW EXECUTE FUNCTION refuse();
"""


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    settings = connection.settings_dict
    server = {"host": settings["HOST"], "user": settings["USER"]}
    server |= {"port": settings["PORT"] or None, "password": settings["PASSWORD"]}
    name = f"backup_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(**server, dbname="postgres", autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}"')
        with psycopg.connect(**server, dbname=name, autocommit=True) as small:
            small.execute(TABLES)
        variables = backups._environment() | {"PGDATABASE": name}
        monkeypatch.setattr(backups, "_environment", lambda: variables)
        monkeypatch.setattr(backups, "_close_ours", lambda: None)
        yield {**server, "dbname": name}
        admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def facts(database: dict[str, Any]) -> list[tuple[Any, ...]]:
    with psycopg.connect(**database) as small:
        return small.execute("SELECT * FROM fact ORDER BY id").fetchall()


def change(database: dict[str, Any], sql: str) -> None:
    with psycopg.connect(**database, autocommit=True) as small:
        small.execute(sql)


def test_restore_brings_back_rows_triggers_and_nothing_newer(
    database: dict[str, Any], tmp_path: Path
) -> None:
    file = tmp_path / "all.backup"
    before = facts(database)
    size = write_backup(file)
    change(database, "UPDATE fact SET said = 'changed'; CREATE TABLE newer (id int)")

    restore_backup(file)

    assert facts(database) == before
    assert size == file.stat().st_size
    assert file.stat().st_mode & 0o777 == 0o600
    with psycopg.connect(**database) as small:
        (newer,) = small.execute("SELECT to_regclass('newer')").fetchone() or ("",)
    assert newer is None
    with pytest.raises(psycopg.errors.RaiseException, match="facts stay"):
        change(database, "DELETE FROM fact")


def test_a_failed_backup_leaves_the_old_file(
    database: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "all.backup"
    file.write_text("yesterday's")
    variables = backups._environment() | {"PGDATABASE": "no_such_database"}
    monkeypatch.setattr(backups, "_environment", lambda: variables)

    with pytest.raises(BackupFailed, match="no_such_database"):
        write_backup(file)

    assert file.read_text() == "yesterday's"
    assert list(tmp_path.iterdir()) == [file]


def test_a_backup_of_a_newer_version_is_refused(
    database: dict[str, Any], tmp_path: Path
) -> None:
    file = tmp_path / "all.backup"
    change(database, "INSERT INTO django_migrations VALUES (2, 'portal', '9999_x')")
    write_backup(file)
    change(database, "UPDATE fact SET said = 'kept'")

    with pytest.raises(BackupFailed, match=r"newer version.*portal\.9999_x"):
        restore_backup(file)

    assert {said for _, said in facts(database)} == {"kept"}


@pytest.mark.parametrize("content", [None, b"", b"not a backup", b"PGDMP\x01\x0e\x00"])
def test_a_file_that_is_no_backup_changes_nothing(
    database: dict[str, Any], tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "all.backup"
    if content is not None:
        file.write_bytes(content)
    before = facts(database)

    with pytest.raises(BackupFailed):
        restore_backup(file)

    assert facts(database) == before


def test_a_backup_cut_short_changes_nothing(
    database: dict[str, Any], tmp_path: Path
) -> None:
    file = tmp_path / "all.backup"
    change(
        database,
        "INSERT INTO fact SELECT n, md5(n::text) FROM generate_series(3, 9999) n",
    )
    write_backup(file)
    file.write_bytes(file.read_bytes()[:-3000])
    before = facts(database)

    with pytest.raises(BackupFailed):
        restore_backup(file)

    assert facts(database) == before
