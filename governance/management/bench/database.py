"""A database of the bench's own: made, migrated, filled, and dropped again."""

from collections.abc import Iterator
from contextlib import contextmanager

import pgtrigger
from django.core.management import call_command
from django.db import connection

from portal.kernel import clock
from portal.kernel.models import User
from workloads.models import Department

NAME = "weighbridge_bench"

_ROWS = """
    INSERT INTO workloads_workload (number, name, owner_text, purpose, shape, audience,
        compliance_sensitive, status, status_steps, status_since, requested_status,
        ship_quarter, primary_model, degrade_model, cost_gate, proposed_by_id,
        proposed_at, version, gate_decides, owner_id, department_id)
    SELECT n, 'Workload ' || n, '', 'Answers questions of kind ' || n, 'chat',
        'internal', false,
        (ARRAY['candidate', 'planned', 'committed', 'live'])[1 + mod(n, 4)], 0, now(), '',
        '202' || (6 + mod(n, 2)) || 'Q' || (1 + mod(n, 4)), 'Sonnet', 'Haiku', 'soft_cap',
        {user}, now(), 1, false, {user},
        CASE WHEN n <= 200 AND mod(n, 2) = 0
            THEN (SELECT id FROM workloads_department WHERE code = 'bench') END
    FROM generate_series({first}, {last}) AS n;
"""
_ESTIMATES = """
    INSERT INTO workloads_estimate (workload_id, version, state, note, created_by_id,
        created_at, edited_at, users, sessions_per_user_month, output_multiplier,
        tool_call_factor, retry_factor, session_minutes, profile, ops_hours_week,
        growth_per_month, cached_input_share, batch_share, planner_share,
        declared_tokens_per_user_month, declared_input_share, ops_reason, sources,
        ranges, primary_model, degrade_model, tokens_per_user_month, tokens_per_month,
        budgets, sha256, submitted_at, submitted_by_id, signed_at)
    SELECT w.id, 1, 'submitted', '', {user}, now(), now(), 100 + w.number, 18, 1, 1, 1,
        10, '"business_hours"', 4, 0, 0, 0, 0, 500000, 0.75, '', '{{}}', '{{}}', 'Sonnet',
        'Haiku', 500000, 500000 * (100 + w.number)::bigint, '{{}}',
        encode(sha256(w.id::text::bytea), 'hex'), now(), {user}, now()
    FROM workloads_workload w WHERE w.number BETWEEN {first} AND {last};
"""
_SIGNOFFS = """
    INSERT INTO workloads_signoff (estimate_id, role, verdict, signer_id, at, reason,
        sha256, lapses_on, attested)
    SELECT e.id, r.role, 'approve', {user}, now(), '', e.sha256,
        current_date + 90, true
    FROM workloads_estimate e
    JOIN workloads_workload w ON w.id = e.workload_id
    CROSS JOIN (VALUES ('engineering'), ('finance'), ('ops')) AS r(role)
    WHERE w.number BETWEEN {first} AND {last} AND mod(w.number + length(r.role), 3) > 0;
"""
_POINTERS = """
    UPDATE workloads_workload w SET shown_estimate_id = e.id, submitted_estimate_id = e.id
    FROM workloads_estimate e
    WHERE e.workload_id = w.id AND w.number BETWEEN {first} AND {last};
"""
_AUDIT = """
    INSERT INTO portal_auditentry (at, actor_id, actor_username, action, object, before,
        after, reason, source, request_id, address)
    SELECT now(), {user}, 'bench', 'workload.edited', 'workload/W-' || n,
        '{{"users": 100}}', '{{"users": 200}}', '', 'system', '', ''
    FROM generate_series(1, {entries}) AS n;
"""


@contextmanager
def scratch_database() -> Iterator[str]:
    """Point this process at a fresh, migrated database; drop it at the end."""
    ordinary = connection.settings_dict["NAME"]
    _statement(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
    _statement(f"CREATE DATABASE {NAME}")
    connection.close()
    connection.settings_dict["NAME"] = NAME
    try:
        call_command("migrate", verbosity=0)
        yield NAME
    finally:
        connection.close()
        connection.settings_dict["NAME"] = ordinary
        _statement(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")


def make_user() -> User:
    user = User(
        username="bench",
        name="Bench",
        roles=["planner"],
        created_at=clock.now(),
    )
    user.set_unusable_password()
    user.save()
    return user


def fill_plan(user: User, first: int, last: int) -> None:
    """Workloads `first` to `last` in four statuses, estimated, most of them signed.

    One hundred of the first two hundred belong to the department `bench`: a filter by it
    leaves one full page at every size.
    Guards are off while filling: measured is reading, and history is not part of it.
    """
    Department.objects.get_or_create(code="bench", defaults={"name": "Bench"})
    with pgtrigger.ignore():
        for statement in (_ROWS, _ESTIMATES, _SIGNOFFS, _POINTERS):
            _statement(statement.format(user=user.pk, first=first, last=last))
    _statement("VACUUM ANALYZE")


def fill_audit(user: User, entries: int) -> None:
    """Entries written through the chain's own trigger."""
    _statement(_AUDIT.format(user=user.pk, entries=entries))
    _statement("VACUUM ANALYZE portal_auditentry")


def _statement(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
