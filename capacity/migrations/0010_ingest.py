"""The statement that counts usage: once each, settled, summed, in one transaction.

Rows are touched in the order of their keys, table after table alike in every call, so
that no two batches wait for each other. What all batches share (the hour, the minute, the
sender, the money of a workload) comes last, so that its locks are short.
"""

import django.db.models.deletion
from django.db import migrations, models

INGEST = """
CREATE FUNCTION capacity_ingest(
    received timestamptz,
    -- One element an event, in the order they were sent. No key stands twice.
    keys uuid[], months date[], days date[], hours smallint[], instants timestamptz[],
    sources text[], ids text[], workloads bigint[], tiers text[], users text[],
    models text[], inputs bigint[], cached bigint[], outputs bigint[], costs numeric[],
    calls bigint[], tests boolean[],
    -- These may be NULL where no event has one.
    claimed bigint[], unreachable boolean[], turns bigint[], retries bigint[],
    tools bigint[], agents text[], callers text[], accounts text[], named_sessions text[],
    sessions uuid[], traces text[], outcomes jsonb[],
    -- Decisions that events name: (place of the event, decision).
    places integer[], asked uuid[],
    -- The workloads of these events.
    known bigint[], refs text[], departments text[]
) RETURNS integer
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    taken integer;
    fresh boolean[];
    decided bigint[];
    singles uuid[];
    ceilings bigint[];
    billable bigint[];
    begins integer[];
    released capacity_reservation[];
BEGIN
    PERFORM capacity_ensure_usage_month(month)
    FROM (SELECT DISTINCT unnest(months) AS month) AS sent ORDER BY month;

    WITH new AS (
        INSERT INTO capacity_usagekey (key, month)
        SELECT key, month FROM unnest(keys, months) AS sent (key, month) ORDER BY key
        ON CONFLICT DO NOTHING RETURNING key
    )
    SELECT count(new.key), array_agg(new.key IS NOT NULL ORDER BY place)
    INTO taken, fresh
    FROM unnest(keys) WITH ORDINALITY AS sent (key, place) LEFT JOIN new USING (key);
    IF taken = 0 THEN
        RETURN 0;
    END IF;

    IF asked IS NOT NULL THEN
        SELECT
            array_agg(
                least(sent.calls, greatest(sent.claimed, found.decisions, 0))
                ORDER BY sent.place
            ),
            array_agg(found.single ORDER BY sent.place),
            array_agg(found.ceiling ORDER BY sent.place)
        INTO decided, singles, ceilings
        FROM unnest(calls, claimed) WITH ORDINALITY AS sent (calls, claimed, place)
        LEFT JOIN (
            SELECT named.place, count(*) AS decisions,
                CASE WHEN count(*) = 1 THEN min(decision.id::text)::uuid END AS single,
                min(decision.ceiling_tokens) FILTER (
                    WHERE decision.action = 'meter' AND NOT decision.test
                ) AS ceiling
            FROM unnest(places, asked) AS named (place, id)
            JOIN capacity_decision AS decision ON decision.id = named.id
            WHERE decision.workload_id = workloads[named.place]
                AND decision.test = tests[named.place]
            GROUP BY named.place
        ) AS found USING (place);
    ELSE
        decided := claimed;
    END IF;

    INSERT INTO capacity_usercounter AS counter
        (workload_id, user_ref, month, test, settled, reserved, spoken)
    SELECT workload, user_ref, month, test, sum(tokens), 0, '{}'
    FROM (
        SELECT workload, user_ref, month, test, input + output AS tokens
        FROM unnest(workloads, users, months, tests, inputs, outputs, fresh)
            AS sent (workload, user_ref, month, test, input, output, fresh)
        WHERE fresh
        UNION ALL
        -- A decision of the last minute of a month is held in that month.
        SELECT held.workload_id, held.user_ref, held.month, held.test, 0
        FROM unnest(places, asked) AS named (place, id)
        JOIN capacity_reservation AS held ON held.decision = named.id
        WHERE fresh[named.place] AND held.workload_id = workloads[named.place]
            AND held.test = tests[named.place]
    ) AS touched
    GROUP BY workload, user_ref, month, test
    ORDER BY workload, user_ref COLLATE "C", month, test
    ON CONFLICT (workload_id, user_ref, month, test)
    DO UPDATE SET settled = counter.settled + EXCLUDED.settled;

    IF asked IS NOT NULL THEN
        -- Who takes a reservation away holds its counter, as this does now.
        WITH gone AS (
            DELETE FROM capacity_reservation AS held
            USING (SELECT DISTINCT id, place FROM unnest(places, asked) AS named (place, id))
                AS named
            WHERE held.decision = named.id AND fresh[named.place]
                AND held.workload_id = workloads[named.place]
                AND held.test = tests[named.place]
            RETURNING held
        )
        SELECT array_agg(held) INTO released FROM gone;
        UPDATE capacity_usercounter AS counter
        SET reserved = greatest(0, counter.reserved - less.tokens)
        FROM (
            SELECT workload_id, user_ref, month, test, sum(tokens) AS tokens
            FROM unnest(released) GROUP BY workload_id, user_ref, month, test
        ) AS less
        WHERE counter.workload_id = less.workload_id AND counter.user_ref = less.user_ref
            AND counter.month = less.month AND counter.test = less.test;
    END IF;

    IF array_remove(ceilings, NULL) <> '{}' THEN
        -- Of a metered call, what lies above its ceiling, each after those before it.
        SELECT array_agg(
            CASE WHEN ceiling IS NULL THEN 0
            ELSE least(tokens, greatest(0, before + running - ceiling)) END
            ORDER BY place
        ) INTO billable
        FROM (
            SELECT place, ceiling, tokens,
                counter.settled - sum(tokens) OVER whole AS before,
                sum(tokens) OVER (whole ORDER BY place) AS running
            FROM (
                SELECT sent.*, CASE WHEN fresh THEN input + output ELSE 0 END AS tokens
                FROM unnest(workloads, users, months, tests, inputs, outputs, fresh, ceilings)
                    WITH ORDINALITY AS sent
                    (workload, user_ref, month, test, input, output, fresh, ceiling, place)
            ) AS sent
            LEFT JOIN capacity_usercounter AS counter
                ON counter.workload_id = sent.workload AND counter.user_ref = sent.user_ref
                AND counter.month = sent.month AND counter.test = sent.test
            WINDOW whole AS (PARTITION BY sent.workload, sent.user_ref, sent.month, sent.test)
        ) AS summed;
    END IF;

    IF sessions IS NOT NULL THEN
        WITH firsts AS (
            SELECT DISTINCT ON (key) key, month, place
            FROM unnest(sessions, months, instants, tests, fresh)
                WITH ORDINALITY AS sent (key, month, at, test, fresh, place)
            WHERE fresh AND NOT test AND key IS NOT NULL
            ORDER BY key, at, place
        ), new AS (
            INSERT INTO capacity_usagesession (key, month)
            SELECT key, month FROM firsts ORDER BY key
            ON CONFLICT DO NOTHING RETURNING key
        )
        SELECT array_agg((begun.place IS NOT NULL)::integer ORDER BY sent.place)
        INTO begins
        FROM generate_subscripts(keys, 1) AS sent (place)
        LEFT JOIN (SELECT place FROM firsts JOIN new USING (key)) AS begun USING (place);
    END IF;

    INSERT INTO capacity_usageevent (
        day, key, source, event_id, at, received_at, workload_id, tier, user_ref, agent,
        called_by, account, model, session, trace_id, calls, decided_calls,
        unreachable_calls, turns, retries, tool_calls, input_tokens, cached_input_tokens,
        output_tokens, decision, billable_tokens, cost, outcome, test
    )
    SELECT day, key, source, id, at, received, workload, tier, user_ref,
        coalesce(agent, ''), coalesce(caller, ''), coalesce(account, ''), model,
        coalesce(session, ''), coalesce(trace, ''), calls, coalesce(decided, 0),
        CASE WHEN unreachable THEN calls - coalesce(decided, 0) ELSE 0 END,
        coalesce(turns, 0), coalesce(retries, 0), coalesce(tools, 0), input, cached,
        output, decision, coalesce(billable, 0), cost, outcome, test
    FROM unnest(days, keys, sources, ids, instants, workloads, tiers, users, agents,
        callers, accounts, models, named_sessions, traces, calls, decided, unreachable,
        turns, retries, tools, inputs, cached, outputs, singles, billable, costs, outcomes,
        tests, fresh)
        AS sent (day, key, source, id, at, workload, tier, user_ref, agent, caller,
        account, model, session, trace, calls, decided, unreachable, turns, retries, tools,
        input, cached, output, decision, billable, cost, outcome, test, fresh)
    WHERE fresh;

    INSERT INTO capacity_usageday AS summed (
        day, workload_id, tier, user_ref, model, calls, sessions, turns, retries,
        tool_calls, input_tokens, cached_input_tokens, output_tokens
    )
    SELECT day, workload, tier, user_ref, model, sum(calls), coalesce(sum(begins), 0),
        coalesce(sum(turns), 0), coalesce(sum(retries), 0), coalesce(sum(tools), 0),
        sum(input), sum(cached), sum(output)
    FROM unnest(days, workloads, tiers, users, models, calls, begins, turns, retries, tools,
        inputs, cached, outputs, tests, fresh)
        AS sent (day, workload, tier, user_ref, model, calls, begins, turns, retries, tools,
        input, cached, output, test, fresh)
    WHERE fresh AND NOT test
    GROUP BY day, workload, tier, user_ref, model
    ORDER BY day, workload, tier COLLATE "C", user_ref COLLATE "C", model COLLATE "C"
    ON CONFLICT (day, workload_id, tier, user_ref, model) DO UPDATE SET
        calls = summed.calls + EXCLUDED.calls,
        sessions = summed.sessions + EXCLUDED.sessions,
        turns = summed.turns + EXCLUDED.turns,
        retries = summed.retries + EXCLUDED.retries,
        tool_calls = summed.tool_calls + EXCLUDED.tool_calls,
        input_tokens = summed.input_tokens + EXCLUDED.input_tokens,
        cached_input_tokens = summed.cached_input_tokens + EXCLUDED.cached_input_tokens,
        output_tokens = summed.output_tokens + EXCLUDED.output_tokens;

    INSERT INTO capacity_usagehour AS summed
        (day, workload_id, hour, sessions, calls, decided_calls, unreachable_calls)
    SELECT day, workload, hour, coalesce(sum(begins), 0), sum(calls),
        coalesce(sum(decided), 0),
        coalesce(sum(calls - coalesce(decided, 0)) FILTER (WHERE unreachable), 0)
    FROM unnest(days, workloads, hours, begins, calls, decided, unreachable, tests, fresh)
        AS sent (day, workload, hour, begins, calls, decided, unreachable, test, fresh)
    WHERE fresh AND NOT test
    GROUP BY day, workload, hour ORDER BY day, workload, hour
    ON CONFLICT (day, workload_id, hour) DO UPDATE SET
        sessions = summed.sessions + EXCLUDED.sessions,
        calls = summed.calls + EXCLUDED.calls,
        decided_calls = summed.decided_calls + EXCLUDED.decided_calls,
        unreachable_calls = summed.unreachable_calls + EXCLUDED.unreachable_calls;

    INSERT INTO capacity_usagearrival AS summed
        (minute, workload_id, test, events, calls, decided_calls, unreachable_calls)
    SELECT date_trunc('minute', received), workload, test, count(*), sum(calls),
        coalesce(sum(decided), 0),
        coalesce(sum(calls - coalesce(decided, 0)) FILTER (WHERE unreachable), 0)
    FROM unnest(workloads, calls, decided, unreachable, tests, fresh)
        AS sent (workload, calls, decided, unreachable, test, fresh)
    WHERE fresh GROUP BY workload, test ORDER BY workload, test
    ON CONFLICT (minute, workload_id, test) DO UPDATE SET
        events = summed.events + EXCLUDED.events,
        calls = summed.calls + EXCLUDED.calls,
        decided_calls = summed.decided_calls + EXCLUDED.decided_calls,
        unreachable_calls = summed.unreachable_calls + EXCLUDED.unreachable_calls;

    INSERT INTO capacity_usagesource AS heard
        (source, events, last_event_at, last_received_at)
    SELECT source, count(*), max(at), received
    FROM unnest(sources, instants, fresh) AS sent (source, at, fresh)
    WHERE fresh GROUP BY source ORDER BY source COLLATE "C"
    ON CONFLICT (source) DO UPDATE SET
        events = heard.events + EXCLUDED.events,
        last_event_at = greatest(heard.last_event_at, EXCLUDED.last_event_at),
        last_received_at = greatest(heard.last_received_at, EXCLUDED.last_received_at);

    WITH spent AS (
        SELECT day, month, ref, department, coalesce(agent, '') AS agent,
            coalesce(sum(cost), 0) AS cost
        FROM unnest(days, months, workloads, agents, costs, tests, fresh)
            AS sent (day, month, workload, agent, cost, test, fresh)
        JOIN unnest(known, refs, departments) AS named (workload, ref, department)
            USING (workload)
        WHERE fresh AND NOT test
        GROUP BY day, month, ref, department, agent
    ), held AS (
        SELECT held.day, date_trunc('month', held.day)::date AS month, ref,
            held.department, held.agent, 0 AS cost
        FROM unnest(released) AS held
        JOIN unnest(known, refs) AS named (workload, ref) ON held.workload_id = workload
        WHERE held.cost > 0
    )
    INSERT INTO capacity_spendcounter AS summed
        (scope, target, period, starts_on, settled, reserved)
    SELECT scope, target, period, starts_on, sum(cost), 0
    FROM (SELECT * FROM spent UNION ALL SELECT * FROM held) AS moved
    CROSS JOIN LATERAL (VALUES
        ('workload', ref), ('agent', agent), ('department', department)
    ) AS scopes (scope, target)
    CROSS JOIN LATERAL (VALUES ('day', day), ('month', month)) AS periods (period, starts_on)
    WHERE target <> ''
    GROUP BY scope, target, period, starts_on
    ORDER BY scope COLLATE "C", target COLLATE "C", period COLLATE "C", starts_on
    ON CONFLICT (scope, target, period, starts_on)
    DO UPDATE SET settled = summed.settled + EXCLUDED.settled;

    IF released IS NOT NULL THEN
        UPDATE capacity_spendcounter AS summed
        SET reserved = greatest(0, summed.reserved - less.cost)
        FROM (
            SELECT scope, target, period, starts_on, sum(cost) AS cost
            FROM unnest(released) AS held
            JOIN unnest(known, refs) AS named (workload, ref)
                ON held.workload_id = workload
            CROSS JOIN LATERAL (VALUES
                ('workload', ref), ('agent', agent), ('department', department)
            ) AS scopes (scope, target)
            CROSS JOIN LATERAL (VALUES
                ('day', day), ('month', date_trunc('month', day)::date)
            ) AS periods (period, starts_on)
            WHERE cost > 0
            GROUP BY scope, target, period, starts_on
        ) AS less
        WHERE summed.scope = less.scope AND summed.target = less.target
            AND summed.period = less.period AND summed.starts_on = less.starts_on;
    END IF;
    RETURN taken;
END;
$$;
"""

# What a version in shadow would have done is read from here alone.
SHADOW = """
CREATE INDEX capacity_decision_in_shadow ON capacity_decision (shadow_policy_id)
    INCLUDE (user_ref, action, shadow_action, test) WHERE shadow_policy_id IS NOT NULL;
"""
HOURS = """
ALTER TABLE capacity_usagehour
    ADD decided_calls bigint NOT NULL DEFAULT 0 CHECK (decided_calls >= 0),
    ADD unreachable_calls bigint NOT NULL DEFAULT 0 CHECK (unreachable_calls >= 0);
"""
DROP_HOURS = """
ALTER TABLE capacity_usagehour DROP decided_calls, DROP unreachable_calls;
"""

# Checked on every row, each check locking the one hot workload again, though nothing here
# is ever deleted: the statement is given ids that were read from that table.
KEYS_OF_USAGE = """
ALTER TABLE capacity_usageevent DROP CONSTRAINT capacity_usageevent_workload_id_fkey;
ALTER TABLE capacity_usageday DROP CONSTRAINT capacity_usageday_workload_id_fkey;
ALTER TABLE capacity_usagehour DROP CONSTRAINT capacity_usagehour_workload_id_fkey;
-- That an event is there once is said by its row in capacity_usagekey, whatever its day:
-- a second index of random keys would be half of what counting costs.
ALTER TABLE capacity_usageevent DROP CONSTRAINT capacity_usageevent_pkey;
"""
KEYS_BACK = """
ALTER TABLE capacity_usageevent ADD PRIMARY KEY (day, key);
ALTER TABLE capacity_usageevent
    ADD FOREIGN KEY (workload_id) REFERENCES workloads_workload (id);
ALTER TABLE capacity_usageday
    ADD FOREIGN KEY (workload_id) REFERENCES workloads_workload (id);
ALTER TABLE capacity_usagehour
    ADD FOREIGN KEY (workload_id) REFERENCES workloads_workload (id);
"""

# Sums are written again and again: room on their pages keeps the index out of it.
ENSURE = """
CREATE OR REPLACE FUNCTION capacity_ensure_usage_month(some_day date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    first_day date := date_trunc('month', some_day)::date;
    next_first date := (date_trunc('month', some_day) + interval '1 month')::date;
    stem text;
    partition text;
BEGIN
    FOREACH stem IN ARRAY ARRAY[
        'capacity_usageday', 'capacity_usagehour', 'capacity_usageevent'
    ] LOOP
        partition := format('%s_%s', stem, to_char(first_day, 'YYYYMM'));
        IF to_regclass(partition) IS NULL THEN
            PERFORM pg_advisory_xact_lock(hashtext(partition));
            EXECUTE format(
                'CREATE TABLE IF NOT EXISTS %I PARTITION OF %I '
                'FOR VALUES FROM (%L) TO (%L) WITH (fillfactor = %s)',
                partition, stem, first_day, next_first,
                CASE stem WHEN 'capacity_usageevent' THEN 100 ELSE 70 END
            );
        END IF;
    END LOOP;
END;
$$;
"""


class Migration(migrations.Migration):

    dependencies = [
        ("capacity", "0009_reserve"),
        ("workloads", "0007_rate_card_of_estimates"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(HOURS, DROP_HOURS)],
            state_operations=[
                migrations.AddField(
                    "usagehour", "decided_calls", models.PositiveBigIntegerField(default=0)
                ),
                migrations.AddField(
                    "usagehour",
                    "unreachable_calls",
                    models.PositiveBigIntegerField(
                        default=0,
                        help_text="Undecided while the portal was out of reach.",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="UsageSource",
            fields=[
                ("source", models.CharField(max_length=200, primary_key=True, serialize=False)),
                ("events", models.PositiveBigIntegerField(default=0)),
                ("last_event_at", models.DateTimeField(help_text="The newest event's own time.")),
                ("last_received_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="UsageArrival",
            fields=[
                ("pk", models.CompositePrimaryKey("minute", "workload_id", "test", blank=True, editable=False, primary_key=True, serialize=False)),
                ("minute", models.DateTimeField()),
                ("test", models.BooleanField(default=False)),
                ("events", models.PositiveBigIntegerField(default=0)),
                ("calls", models.PositiveBigIntegerField(default=0)),
                ("decided_calls", models.PositiveBigIntegerField(default=0)),
                ("unreachable_calls", models.PositiveBigIntegerField(default=0)),
                ("workload", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="workloads.workload")),
            ],
        ),
        migrations.AddIndex(
            model_name="usagearrival",
            index=models.Index(fields=["workload", "minute"], name="arrival_of_workload"),
        ),
        migrations.AddIndex(
            model_name="quarantinedevent",
            index=models.Index(fields=["source", "event_id"], name="quarantine_of_event"),
        ),
        migrations.RunSQL(SHADOW, "DROP INDEX capacity_decision_in_shadow;"),
        migrations.RunSQL(ENSURE, migrations.RunSQL.noop),
        migrations.RunSQL(KEYS_OF_USAGE, KEYS_BACK),
        migrations.RunSQL(INGEST, "DROP FUNCTION capacity_ingest;"),
    ]
