"""What a run's database holds, held against what clients were told."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from typing import Any

import psycopg

from portal.embedded.database import EmbeddedDatabase
from portal.embedded.home import Home
from tests.faults.clients import Told
from workloads.rules.shown import ref_of

ACTIONS = "SELECT action, count(*) FROM portal_auditentry GROUP BY action"
# What each action left behind, one for one.
FACTS = """
    SELECT 'workload.proposed', count(*) FROM workloads_workload
    UNION ALL SELECT 'workload.transitioned', count(*) FROM workloads_statusstep
    UNION ALL SELECT 'signoff.given', count(*) FROM workloads_signoff
    UNION ALL SELECT 'signoff.lapsed', count(*) FROM workloads_signoffend
    UNION ALL SELECT 'requirement.asked', count(*) FROM workloads_reminder
        WHERE asked_by_id IS NOT NULL
"""


@contextmanager
def connected(home: Home) -> Iterator[psycopg.Connection[Any]]:
    url = EmbeddedDatabase(home).cluster.url
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


def rows(home: Home, sql: str) -> list[tuple[Any, ...]]:
    with connected(home) as connection:
        return connection.execute(sql).fetchall()  # type: ignore[arg-type]


def require_all_kept(home: Home, told: Told) -> None:
    """Every acknowledged change is there, as it was acknowledged."""
    kept = rows(home, "SELECT name, number FROM workloads_workload")
    assert told.details("proposed") <= {(name, ref_of(found)) for name, found in kept}
    hashes = rows(
        home,
        "SELECT name, sha256 FROM workloads_estimate"
        " JOIN workloads_workload ON workloads_workload.id = workload_id",
    )
    assert told.details("submitted") <= set(hashes)
    signed = rows(
        home,
        "SELECT name, role FROM workloads_signoff"
        " JOIN workloads_estimate ON workloads_estimate.id = estimate_id"
        " JOIN workloads_workload ON workloads_workload.id = workload_id",
    )
    assert told.details("signed") <= set(signed)
    assert max(Counter(signed).values()) == 1
    planned = rows(home, "SELECT name FROM workloads_workload WHERE status = 'planned'")
    assert told.names("planned") <= {name for (name,) in planned}


def require_consistent(home: Home) -> None:
    """Status, steps, signatures and the audit trail tell one story."""
    assert not rows(
        home,
        "SELECT number FROM workloads_workload AS workload WHERE status <> COALESCE("
        "(SELECT target FROM workloads_statusstep WHERE workload_id = workload.id"
        " ORDER BY sequence DESC LIMIT 1), 'candidate')",
    )
    assert not rows(
        home,
        "SELECT workload.number FROM workloads_workload AS workload"
        " WHERE status = 'planned' AND 3 <> (SELECT count(*) FROM workloads_signoff"
        " WHERE estimate_id = workload.submitted_estimate_id)",
    )
    audited = Counter(dict(rows(home, ACTIONS)))
    facts = Counter(dict(rows(home, FACTS)))
    assert {action: audited[action] for action in facts} == dict(facts)


def mails_by_reference(home: Home) -> Counter[str]:
    """Delivered mails by the reference that their subject or text begins with."""
    found: Counter[str] = Counter()
    for file in home.mail.glob("*.log"):
        for part in file.read_bytes().split(b"-" * 79 + b"\n"):
            if part.strip():
                text = message_from_bytes(part.lstrip()).get_payload(decode=True)
                found[bytes(text).split()[0].decode()] += 1
    return found
