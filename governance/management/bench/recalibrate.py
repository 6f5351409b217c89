"""`recalibrate`: a quarter of 200 workloads and 730,000 rows of usage, drafts and all."""

import time
from collections.abc import Callable

import pgtrigger
from django.db import connection

from capacity.models import RecalibrationRun
from capacity.selectors.recalibration_ground import newest_ended_quarter
from capacity.services.partitions import ensure_usage_months
from capacity.services.recalibration import request_recalibration, run_recalibration
from governance.management.bench import database
from governance.management.bench.results import NotMeasured, Result, in_turns
from portal.kernel import clock
from portal.kernel.models import User
from portal.kernel.periods import Quarter

WORKLOADS = 200
ROWS = 730_000
Say = Callable[[str], None]

# Live for a year before the quarter, by factors; every third one has half as many users as
# its estimate says, and so a draft.
_LIVE = """
    INSERT INTO workloads_statusstep (workload_id, sequence, source, target, at, reason,
        requirements)
    SELECT id, 1, 'committed', 'live', '{first}'::date - interval '1 year', '', '{{}}'
    FROM workloads_workload;
    UPDATE workloads_workload SET status = 'live', status_steps = 1, ship_quarter = '2024Q1';
    UPDATE workloads_estimate e SET
        users = CASE WHEN mod(w.number, 3) = 0 THEN 80 ELSE 40 END,
        sessions_per_user_month = 60, turns_per_session = 5, tool_call_factor = 1.2,
        retry_factor = 1.1, input_tokens_per_turn = 800, output_tokens_per_turn = 200,
        declared_tokens_per_user_month = NULL, ops_hours_week = 6
    FROM workloads_workload w WHERE w.id = e.workload_id;
"""
# Each of a workload's 40 users on each day of the quarter, as far as the rows reach.
_USAGE = """
    INSERT INTO capacity_usageday (day, workload_id, tier, user_ref, model, calls, sessions,
        turns, retries, tool_calls, input_tokens, cached_input_tokens, output_tokens)
    SELECT '{first}'::date + mod(n / {workloads}, {days}), w.id, 'default',
        md5((n / {workloads} / {days})::text), 'Sonnet', 10, 2, 10, 1, 2, 10560, 0, 2640
    FROM generate_series(0, {rows} - 1) AS n
    JOIN workloads_workload w ON w.number = 1 + mod(n, {workloads});
"""
_ENTERED = """
    INSERT INTO capacity_opsactual (workload_id, week, month, quarter, category, hours,
        entered_at, reason)
    SELECT w.id, '2026-W01', m.month, '{quarter}', 'on_call', 26, now(), ''
    FROM workloads_workload w CROSS JOIN unnest(ARRAY{months}) AS m(month);
    INSERT INTO capacity_computeactual (month, line, currency, peak_concurrent_sessions,
        entered_at, reason)
    SELECT m.month, '', '', 40, now(), '' FROM unnest(ARRAY{months}) AS m(month);
"""
# The floor: what any comparison has to ask, asked once and read.
_GROUP_BY = """
    SELECT workload_id, date_trunc('month', day), count(DISTINCT user_ref), sum(sessions),
        sum(turns), sum(retries), sum(tool_calls), sum(input_tokens),
        sum(cached_input_tokens), sum(output_tokens)
    FROM capacity_usageday WHERE day BETWEEN %s AND %s GROUP BY 1, 2
"""
# Each round drafts anew: renewing what stands already would be less work.
_FORGET = """
    UPDATE workloads_workload SET draft_estimate_id = NULL;
    DELETE FROM workloads_estimate WHERE state = 'draft';
"""


def recalibrate(user: User, _seconds: float, say: Say) -> Result:
    """Usage to drafts against one GROUP BY over the same rows; ≤ 2.0 × its time."""
    quarter = newest_ended_quarter(clock.now(), 1)
    say(f"{WORKLOADS} workloads, {ROWS:,} rows of usage in {quarter}")
    _fill(user, quarter)
    floor, ours = in_turns(lambda: _floor(quarter), lambda: _ours(quarter))
    run = RecalibrationRun.objects.filter(is_current=True).get()
    _require_whole(run)
    say(f"{ours:.0f} ms against {floor:.0f} ms")
    return Result(
        ratio=ours / floor,
        bar=2.0,
        better="lower",
        floor=floor,
        ours=ours,
        unit="ms",
        extra={"rows": ROWS, "drafts": run.results.exclude(draft_version=None).count()},
    )


def _fill(user: User, quarter: Quarter) -> None:
    months = quarter.months()
    ensure_usage_months(months)
    database.fill_plan(user, 1, WORKLOADS)
    first, last = quarter.first_day(), quarter.last_day()
    values = {
        "first": first,
        "days": (last - first).days + 1,
        "rows": ROWS,
        "workloads": WORKLOADS,
        "quarter": quarter,
        "months": [str(month) for month in months],
    }
    with pgtrigger.ignore(), connection.cursor() as cursor:
        for statement in (_LIVE, _USAGE, _ENTERED):
            cursor.execute(statement.format(**values))
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def _floor(quarter: Quarter) -> float:
    with connection.cursor() as cursor:
        start = time.perf_counter()
        cursor.execute(_GROUP_BY, [quarter.first_day(), quarter.last_day()])
        cursor.fetchall()
        return (time.perf_counter() - start) * 1_000


def _ours(quarter: Quarter) -> float:
    with pgtrigger.ignore(), connection.cursor() as cursor:
        cursor.execute(_FORGET)
    run = request_recalibration(period=str(quarter), actor=None, now=clock.now())
    start = time.perf_counter()
    run_recalibration(run_id=run.pk, worker=f"bench {run.pk}", clock=clock.now)
    return (time.perf_counter() - start) * 1_000


def _require_whole(run: RecalibrationRun) -> None:
    """What was measured is a whole recalibration, and a right one."""
    tokens = run.budgets["tokens"]["actual"]
    if run.done != WORKLOADS or tokens != str(ROWS * 13_200):
        raise NotMeasured(f"{run} compared {run.done} workloads and {tokens} tokens.")
    if run.results.exclude(missing=[]).exists():
        raise NotMeasured(f"{run} missed actuals that are there.")
