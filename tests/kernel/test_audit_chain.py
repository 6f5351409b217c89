"""The audit chain against a real PostgreSQL: what it refuses and what it finds."""

import threading
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from django.db import DatabaseError, connection, connections, transaction

from portal.kernel.chain import GENESIS_HASH, Broken
from portal.kernel.enums import Source
from portal.kernel.models import AuditEntry
from portal.kernel.models.audit import PAYLOAD_SQL
from portal.kernel.origin import origin
from portal.kernel.selectors import audit as trail
from portal.kernel.services import audit
from tests.conftest import NOW

pytestmark = pytest.mark.django_db


def record_some(count: int) -> None:
    for number in range(1, count + 1):
        audit.record(
            "workload.edited",
            f"workload/W-{number:02}",
            actor=None,
            now=NOW,
            before={"users": number},
            after={"users": number + 1},
            reason='"quoted", [bracketed] and é',
        )


def with_triggers_off(*statements: str) -> None:
    """What somebody who owns the database could do."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for statement in statements:
            cursor.execute(statement)
        cursor.execute("SET LOCAL session_replication_role = origin")


def test_record_keeps_who_what_why_and_from_where(cast: SimpleNamespace) -> None:
    with origin(Source.API, request_id="r1", address="192.0.2.7"):
        entry = audit.record(
            "workload.edited",
            "workload/W-01",
            actor=cast.sarah,
            now=NOW,
            before={"name": "Chat"},
            after={"name": "Support chat"},
            reason="Clearer.",
        )

    stored = AuditEntry.objects.values().get()

    assert stored == {
        "id": 1,
        "at": NOW,
        "actor_id": cast.sarah.pk,
        "actor_username": "sarah",
        "action": "workload.edited",
        "object": "workload/W-01",
        "before": {"name": "Chat"},
        "after": {"name": "Support chat"},
        "reason": "Clearer.",
        "source": "api",
        "request_id": "r1",
        "address": "192.0.2.7",
        "previous_hash": GENESIS_HASH,
        "hash": entry.hash,
    }


def test_record_is_one_query_and_returns_what_the_database_filled_in(
    django_assert_num_queries: Callable,
) -> None:
    with django_assert_num_queries(1):
        first = audit.record("a.b", "x/1", actor=None, now=NOW)
    second = audit.record("a.b", "x/1", actor=None, now=NOW)

    assert (first.id, second.id) == (1, 2)
    assert len(first.hash) == 64
    assert second.previous_hash == first.hash


def test_record_change_keeps_only_what_differs() -> None:
    entry = audit.record_change(
        "a.b",
        "x/1",
        actor=None,
        now=NOW,
        before={"a": 1, "b": 2},
        after={"a": 1, "b": 3},
    )

    assert (entry.before, entry.after) == ({"b": 2}, {"b": 3})


def test_record_change_writes_nothing_where_nothing_differs() -> None:
    audit.record_change(
        "a.b", "x/1", actor=None, now=NOW, before={"a": 1}, after={"a": 1}
    )

    assert not AuditEntry.objects.exists()


def test_raw_insert_extends_the_chain_and_cannot_choose_its_place() -> None:
    record_some(2)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO portal_auditentry (id, at, actor_username, action, object,"
            " reason, source, request_id, address, previous_hash, hash)"
            " VALUES (77, now(), 'x', 'a', 'b', '', 'system', '', '', %s, %s),"
            " (77, now(), 'x', 'a', 'b', '', 'system', '', '', %s, %s)",
            ["f" * 64] * 4,
        )

    verdict = trail.verify()

    assert (verdict.entries, verdict.broken) == (4, None)


def test_numbers_stay_gapless_after_a_rollback() -> None:
    record_some(1)
    with transaction.atomic():
        record_some(3)
        transaction.set_rollback(True)
    record_some(1)

    assert list(AuditEntry.objects.order_by("id").values_list("id", flat=True)) == [
        1,
        2,
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE portal_auditentry SET reason = 'better' WHERE id = 1",
        "DELETE FROM portal_auditentry WHERE id = 2",
        "TRUNCATE portal_auditentry",
        "TRUNCATE portal_auditentry CASCADE",
        "INSERT INTO portal_auditentry (id, at, actor_username, action, object, reason,"
        " source, request_id, address) VALUES (1, now(), '', 'a', 'b', '', 'door', '', '')",
    ],
)
def test_database_refuses(statement: str) -> None:
    record_some(2)

    with (
        pytest.raises(DatabaseError),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)

    assert trail.verify().entries == 2


@pytest.mark.parametrize(
    "change",
    [
        lambda entry: entry.save(),
        lambda entry: entry.delete(),
        lambda entry: AuditEntry.objects.update(reason="better"),
        lambda entry: AuditEntry.objects.all().delete(),
        lambda entry: AuditEntry.objects.bulk_update([entry], ["reason"]),
    ],
    ids=["save", "delete", "update", "queryset delete", "bulk_update"],
)
def test_orm_is_refused_too(change: Callable[[AuditEntry], object]) -> None:
    record_some(2)

    with pytest.raises(DatabaseError), transaction.atomic():
        change(AuditEntry.objects.get(pk=1))

    assert trail.verify().broken is None


COLUMNS = (
    "id, at, actor_username, action, object, before, after, reason, source, request_id,"
    " address, previous_hash, hash, actor_id"
)


def copy_of_entry_3(*, new_id: int) -> str:
    rest = COLUMNS.removeprefix("id, ")
    return (
        f"INSERT INTO portal_auditentry ({COLUMNS})"  # noqa: S608 - constants only
        f" SELECT {new_id}, {rest} FROM portal_auditentry WHERE id = 3"
    )


ALTERED = "its content is not what its hash was made of."


@pytest.mark.parametrize(
    ("statements", "broken"),
    [
        (["UPDATE portal_auditentry SET reason = '' WHERE id = 3"], Broken(3, ALTERED)),
        (
            ["UPDATE portal_auditentry SET after = '{\"users\": 9}' WHERE id = 3"],
            Broken(3, ALTERED),
        ),
        (
            ["UPDATE portal_auditentry SET at = at + interval '1 us' WHERE id = 1"],
            Broken(1, ALTERED),
        ),
        (
            ["UPDATE portal_auditentry SET hash = repeat('a', 64) WHERE id = 6"],
            Broken(6, ALTERED),
        ),
        (
            # A field's end moved into the next one: the payload is an array, so that
            # this is another payload.
            [
                "UPDATE portal_auditentry SET action = action || object, object = ''"
                " WHERE id = 2"
            ],
            Broken(2, ALTERED),
        ),
        (
            ["DELETE FROM portal_auditentry WHERE id = 4"],
            Broken(4, "it is missing; entry 5 comes next."),
        ),
        (
            ["DELETE FROM portal_auditentry WHERE id = 1"],
            Broken(1, "it is missing; entry 2 comes next."),
        ),
        (
            # Deleted, and the gap closed by renumbering.
            [
                "DELETE FROM portal_auditentry WHERE id = 4",
                "UPDATE portal_auditentry SET id = 4 WHERE id = 5",
                "UPDATE portal_auditentry SET id = 5 WHERE id = 6",
            ],
            Broken(4, ALTERED),
        ),
        (
            # Inserted in the middle as a copy of its neighbour, the rest renumbered.
            [
                "UPDATE portal_auditentry SET id = 7 WHERE id = 6",
                "UPDATE portal_auditentry SET id = 6 WHERE id = 5",
                "UPDATE portal_auditentry SET id = 5 WHERE id = 4",
                copy_of_entry_3(new_id=4),
            ],
            Broken(4, ALTERED),
        ),
        (
            [
                copy_of_entry_3(new_id=0),
            ],
            Broken(0, "its number is not one of the sequence."),
        ),
        (
            [
                "UPDATE portal_auditentry SET id = 100 WHERE id = 2",
                "UPDATE portal_auditentry SET id = 2 WHERE id = 5",
                "UPDATE portal_auditentry SET id = 5 WHERE id = 100",
            ],
            Broken(2, ALTERED),
        ),
        (
            # Rewritten with a hash of its own: the entry after it gives it away.
            [
                "UPDATE portal_auditentry SET reason = '' WHERE id = 3",
                f"UPDATE portal_auditentry SET hash = encode(sha256(convert_to("  # noqa: S608
                f"{PAYLOAD_SQL.format('portal_auditentry')}, 'UTF8')), 'hex')"
                " WHERE id = 3",
            ],
            Broken(4, "it does not follow entry 3 as that stands."),
        ),
    ],
    ids=[
        "altered",
        "altered value in after",
        "altered time",
        "altered hash",
        "field boundary moved",
        "deleted",
        "first deleted",
        "deleted and renumbered",
        "inserted in the middle",
        "inserted before the first",
        "swapped",
        "altered with a new hash",
    ],
)
def test_verify_names_the_first_broken_entry(
    statements: list[str], broken: Broken
) -> None:
    record_some(6)
    with_triggers_off(*statements)

    assert trail.verify().broken == broken


def test_cut_tail_is_found_through_the_checkpoint_only() -> None:
    record_some(6)
    checkpoint = trail.checkpoint_of(trail.verify(), now=NOW)
    with_triggers_off("DELETE FROM portal_auditentry WHERE id > 4")

    assert trail.verify().broken is None
    assert trail.verify(checkpoint).broken == Broken(
        5,
        "it is missing; the checkpoint has 6 entries and the trail ends after 4.",
    )


def test_cut_tail_that_was_written_anew_is_found_through_the_checkpoint() -> None:
    record_some(6)
    checkpoint = trail.checkpoint_of(trail.verify(), now=NOW)
    with_triggers_off("DELETE FROM portal_auditentry WHERE id > 4")
    record_some(5)

    assert trail.verify().broken is None
    assert trail.verify(checkpoint).broken == Broken(
        6, "the checkpoint has another hash for it: the trail was rewritten."
    )


def test_verify_does_not_depend_on_the_session_time_zone() -> None:
    record_some(2)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL TimeZone = 'Asia/Kathmandu'")
        cursor.execute("SET LOCAL DateStyle = 'German'")
    record_some(1)

    assert trail.verify().entries == 3
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL TimeZone = 'UTC'")
    assert trail.verify().broken is None


def test_verify_of_an_empty_trail_is_whole() -> None:
    verdict = trail.verify()

    assert (verdict.entries, verdict.last_hash, verdict.broken) == (
        0,
        GENESIS_HASH,
        None,
    )


@pytest.mark.django_db(transaction=True)
def test_eight_threads_at_once_make_one_gapless_chain() -> None:
    threads_at_once, entries_each = 8, 25
    barrier = threading.Barrier(threads_at_once)
    errors: list[BaseException] = []

    def write() -> None:
        try:
            barrier.wait(timeout=30)
            for _ in range(entries_each):
                audit.record("a.b", "x/1", actor=None, now=NOW)
        except BaseException as error:  # noqa: BLE001 - shown by the assertion
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=write) for _ in range(threads_at_once)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    verdict = trail.verify()

    assert errors == []
    assert (verdict.entries, verdict.broken) == (200, None)
