"""The statement of the hot path: a batch of questions in, what each was granted out."""

import django.db.models.deletion
from django.db import migrations, models

# Checked on every row though nothing here is ever deleted: each check locks the one hot
# workload again. The function is given ids that it read from those tables.
KEYS_OF_DECISIONS = """
ALTER TABLE capacity_decision
    DROP CONSTRAINT capacity_decision_workload_id_fkey,
    DROP CONSTRAINT capacity_decision_policy_id_fkey,
    DROP CONSTRAINT capacity_decision_shadow_policy_id_fkey;
"""
KEYS_BACK = """
ALTER TABLE capacity_decision
    ADD FOREIGN KEY (workload_id) REFERENCES workloads_workload (id),
    ADD FOREIGN KEY (policy_id) REFERENCES capacity_gatepolicy (id),
    ADD FOREIGN KEY (shadow_policy_id) REFERENCES capacity_gatepolicy (id);
"""

# Money that reservations held against spend limits goes back to the counters it was taken
# from: workload, agent and department, each by day and month. Rows in key order.
DROP_RESERVATIONS = """
CREATE FUNCTION capacity_release_cost(
    of_workload text, of_agent text, of_department text, on_day date, cost numeric
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    WITH held AS (
        SELECT s.scope, s.target, s.period, s.starts_on FROM capacity_spendcounter s
        WHERE (s.scope, s.target) IN (('workload', of_workload), ('agent', of_agent),
                ('department', of_department))
            AND (s.period, s.starts_on) IN (('day', on_day),
                ('month', date_trunc('month', on_day)::date))
        ORDER BY s.scope COLLATE "C", s.target COLLATE "C", s.period COLLATE "C",
            s.starts_on
        FOR UPDATE
    )
    UPDATE capacity_spendcounter s SET reserved = greatest(0, s.reserved - cost)
    FROM held WHERE (s.scope, s.target, s.period, s.starts_on)
        = (held.scope, held.target, held.period, held.starts_on);
END;
$$;
CREATE FUNCTION capacity_drop_reservations(gone uuid[]) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    one record;
    freed bigint := 0;
BEGIN
    -- Whoever calls holds the lock of the counters these belong to.
    FOR one IN
        DELETE FROM capacity_reservation r WHERE r.decision = ANY (gone)
        RETURNING r.workload_id, r.tokens, r.cost, r.agent, r.department, r.day
    LOOP
        freed := freed + one.tokens;
        IF one.cost > 0 THEN
            PERFORM capacity_release_cost(
                (SELECT 'W-' || lpad(w.number::text, greatest(2, length(w.number::text)),
                    '0') FROM workloads_workload w WHERE w.id = one.workload_id),
                one.agent, one.department, one.day, one.cost);
        END IF;
    END LOOP;
    RETURN freed;
END;
$$;
CREATE FUNCTION capacity_lapse(
    of_workload bigint, of_user text, of_month date, of_test boolean, at timestamptz,
    OUT freed bigint, OUT next_expiry timestamptz
) LANGUAGE plpgsql AS $$
DECLARE
    gone uuid[];
BEGIN
    SELECT array_agg(r.decision) INTO gone FROM capacity_reservation r
    WHERE r.workload_id = of_workload AND r.user_ref = of_user
        AND r.month = of_month AND r.test = of_test AND r.expires_at <= at;
    freed := capacity_drop_reservations(gone);
    SELECT min(r.expires_at) INTO next_expiry FROM capacity_reservation r
    WHERE r.workload_id = of_workload AND r.user_ref = of_user
        AND r.month = of_month AND r.test = of_test;
END;
$$;
CREATE FUNCTION capacity_release(gone uuid) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    one record;
    freed bigint;
BEGIN
    SELECT r.workload_id, r.user_ref, r.month, r.test INTO one
    FROM capacity_reservation r WHERE r.decision = gone;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    -- The counter first, as everywhere: two orders would deadlock.
    PERFORM 1 FROM capacity_usercounter c
    WHERE c.workload_id = one.workload_id AND c.user_ref = one.user_ref
        AND c.month = one.month AND c.test = one.test FOR UPDATE;
    freed := capacity_drop_reservations(ARRAY[gone]);
    UPDATE capacity_usercounter c SET reserved = greatest(0, c.reserved - freed)
    WHERE c.workload_id = one.workload_id AND c.user_ref = one.user_ref
        AND c.month = one.month AND c.test = one.test;
    RETURN freed;
END;
$$;
"""

# One batch: questions in order of arrival, their counters and spend counters once each.
# Answers no row when the epoch moved: the caller's policies are old, nothing was done.
# The conditions are those of formulas.gates.decide; a test holds the two together.
RESERVE = """
CREATE FUNCTION capacity_gate_over(promised bigint, expected bigint, most bigint)
RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN expected > 0 THEN promised + expected > most
                ELSE promised >= most END
$$;
CREATE FUNCTION capacity_reserve(
    known_epoch bigint, asked_at timestamptz, lapses_at timestamptz,
    in_month date, on_day date,
    -- Counters in key order, each once: workload, user, test.
    c_workload bigint[], c_user text[], c_test boolean[],
    -- Calls in order of arrival: their counter and rule, counted from 1.
    ids uuid[], counters int[], rules int[], expecteds bigint[],
    -- Rules: what calls have in common.
    r_policy bigint[], r_tier text[], r_agent text[], r_department text[],
    r_account text[], r_trace text[], r_asked text[], r_stop text[], r_model text[],
    r_over_action text[], r_over_model text[], r_ceiling bigint[], r_most bigint[],
    r_price numeric[], r_fact jsonb[],
    r_shadow bigint[], r_shadow_stop text[], r_shadow_over text[],
    r_shadow_ceiling bigint[], r_shadow_most bigint[],
    -- Requests that may have been asked before, for each call; or nothing.
    q_token bigint[], q_id text[], q_body bytea[],
    -- Spend counters in key order with the limit that stands on each, and which of
    -- them each rule counts for: held_spend[held_from[rule]] and on; or nothing.
    s_scope text[], s_target text[], s_period text[], s_starts date[],
    s_amount numeric[], s_limit bigint[], held_from int[], held_spend int[]
) RETURNS TABLE (
    state int, decision uuid, settled bigint, reserved bigint, was_over boolean,
    passed jsonb, reached bigint
)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    n int := cardinality(ids);
    most_counters int := cardinality(c_user);
    k int;
    r int;
    p int;
    one record;
    settled_of bigint[];
    reserved_of bigint[];
    before_of bigint[];
    expiry_of timestamptz[];
    spoken_of jsonb[];
    rows_of tid[];
    spend_rows_of tid[];
    spent_of numeric[];
    held_of numeric[];
    earlier uuid[];
    same boolean[];
    states int[] := array_fill(0, ARRAY[n]);
    settleds bigint[] := states;
    reserveds bigint[] := states;
    grants bigint[] := states;
    costs numeric[];
    was boolean[];
    passeds jsonb[];
    reacheds bigint[];
    actions text[];
    reasons text[];
    answered text[];
    shadowed text[];
    over boolean;
    granted boolean := false;
    changed boolean := false;
    asked_before boolean := false;
    promised bigint;
    expected bigint;
BEGIN
    -- Its plans are kept, and may be made while the tables are empty: a plan that reads
    -- a whole table must never be one of them. The gate server's connections have it so.
    IF current_setting('enable_seqscan') = 'on' THEN
        PERFORM set_config('enable_seqscan', 'off', true),
            set_config('enable_bitmapscan', 'off', true),
            set_config('enable_hashjoin', 'off', true),
            set_config('enable_mergejoin', 'off', true);
    END IF;
    IF known_epoch <> coalesce((SELECT e.version FROM capacity_gateepoch e), 0) THEN
        RETURN;
    END IF;
    IF q_id IS NOT NULL THEN
        INSERT INTO capacity_decisionrequest AS known
            (token_id, request_id, body_sha256, decision, at)
        SELECT u.t, u.q, u.b, u.d, asked_at
        FROM unnest(q_token, q_id, q_body, ids) AS u(t, q, b, d)
        WHERE u.q IS NOT NULL ORDER BY u.t, u.q COLLATE "C"
        ON CONFLICT (token_id, request_id) DO UPDATE
        SET body_sha256 = excluded.body_sha256, decision = excluded.decision,
            at = excluded.at
        WHERE known.at <= asked_at - interval '24 hours';
        SELECT array_agg(coalesce(q.decision, u.d) ORDER BY u.n),
            array_agg(q.body_sha256 = u.b ORDER BY u.n), bool_or(q.decision <> u.d)
        INTO earlier, same, asked_before
        FROM unnest(q_token, q_id, q_body, ids) WITH ORDINALITY AS u(t, q, b, d, n)
        LEFT JOIN capacity_decisionrequest q ON q.token_id = u.t AND q.request_id = u.q;
    END IF;
    LOOP
        -- Counter by counter, in order: joined, the planner may turn the two about and
        -- read all counters for each call.
        SELECT array_agg(x.settled), array_agg(x.reserved), array_agg(x.next_expiry),
            array_agg(x.spoken), array_agg(x.ctid)
        INTO settled_of, reserved_of, expiry_of, spoken_of, rows_of
        FROM unnest(c_workload, c_user, c_test) WITH ORDINALITY AS u(w, r, t, n)
        CROSS JOIN LATERAL (
            SELECT c.ctid, c.settled, c.reserved, c.next_expiry, c.spoken
            FROM capacity_usercounter c
            WHERE c.workload_id = u.w AND c.user_ref = u.r AND c.month = in_month
                AND c.test = u.t
            FOR UPDATE
        ) AS x;
        EXIT WHEN cardinality(settled_of) = most_counters;
        INSERT INTO capacity_usercounter
            (workload_id, user_ref, month, test, settled, reserved, spoken)
        SELECT u.w, u.r, in_month, u.t, 0, 0, '{}'
        FROM unnest(c_workload, c_user, c_test) WITH ORDINALITY AS u(w, r, t, n)
        ORDER BY u.n ON CONFLICT DO NOTHING;
    END LOOP;
    before_of := reserved_of;
    FOR k IN 1..most_counters LOOP
        IF expiry_of[k] <= asked_at THEN
            SELECT * INTO one
            FROM capacity_lapse(c_workload[k], c_user[k], in_month, c_test[k], asked_at);
            reserved_of[k] := greatest(0, reserved_of[k] - one.freed);
            expiry_of[k] := one.next_expiry;
            changed := true;
        END IF;
    END LOOP;
    IF s_scope IS NOT NULL THEN
        INSERT INTO capacity_spendcounter
            (scope, target, period, starts_on, settled, reserved)
        SELECT u.s, u.t, u.p, u.d, 0, 0
        FROM unnest(s_scope, s_target, s_period, s_starts) WITH ORDINALITY
            AS u(s, t, p, d, n)
        ORDER BY u.n ON CONFLICT DO NOTHING;
        SELECT array_agg(x.spent), array_agg(0::numeric), array_agg(x.ctid)
        INTO spent_of, held_of, spend_rows_of
        FROM unnest(s_scope, s_target, s_period, s_starts) AS u(s, t, p, d)
        CROSS JOIN LATERAL (
            SELECT c.ctid, c.settled + c.reserved AS spent FROM capacity_spendcounter c
            WHERE c.scope = u.s AND c.target = u.t AND c.period = u.p
                AND c.starts_on = u.d
            FOR UPDATE
        ) AS x;
    END IF;
    FOR i IN 1..n LOOP
        IF asked_before AND earlier[i] <> ids[i] THEN
            states[i] := CASE WHEN same[i] THEN 1 ELSE 2 END;
            CONTINUE;
        END IF;
        k := counters[i];
        r := rules[i];
        expected := expecteds[i];
        settleds[i] := settled_of[k];
        reserveds[i] := reserved_of[k];
        promised := settled_of[k] + reserved_of[k];
        actions[i] := 'block';
        reasons[i] := r_stop[r];
        IF spoken_of[k] <> '{}' THEN
            passeds[i] := spoken_of[k] -> r_tier[r];
            was[i] := passeds[i] @> '100';
        END IF;
        IF s_scope IS NOT NULL AND reasons[i] = '' THEN
            FOR p IN held_from[r]..held_from[r + 1] - 1 LOOP
                IF spent_of[held_spend[p]] >= s_amount[held_spend[p]] THEN
                    reacheds[i] := s_limit[held_spend[p]];
                    reasons[i] := 'spend_limit';
                    EXIT;
                END IF;
            END LOOP;
        END IF;
        IF reasons[i] = '' THEN
            over := capacity_gate_over(promised, expected, r_ceiling[r]);
            IF NOT over OR r_over_action[r] = 'allow' THEN
                actions[i] := 'allow';
                reasons[i] := 'under_ceiling';
                answered[i] := r_model[r];
                IF expected > 0 THEN
                    granted := true;
                    grants[i] := expected;
                    reserved_of[k] := reserved_of[k] + expected;
                    expiry_of[k] := least(expiry_of[k], lapses_at);
                    IF s_scope IS NOT NULL AND held_from[r + 1] > held_from[r] THEN
                        costs[i] := expected * r_price[r];
                        FOR p IN held_from[r]..held_from[r + 1] - 1 LOOP
                            spent_of[held_spend[p]] :=
                                spent_of[held_spend[p]] + costs[i];
                            held_of[held_spend[p]] := held_of[held_spend[p]] + costs[i];
                        END LOOP;
                    END IF;
                END IF;
            ELSE
                reasons[i] := 'over_ceiling';
                IF r_over_action[r] <> 'meter'
                    OR NOT capacity_gate_over(promised, expected, r_most[r]) IS TRUE THEN
                    actions[i] := r_over_action[r];
                    answered[i] := r_over_model[r];
                END IF;
                IF was[i] IS NOT TRUE THEN
                    -- For the calls after it in this batch: an answer was over.
                    spoken_of[k] := jsonb_set(spoken_of[k], ARRAY[r_tier[r]],
                        coalesce(passeds[i], '[]') || '100');
                END IF;
            END IF;
        END IF;
        IF r_shadow[r] IS NOT NULL THEN
            shadowed[i] := CASE
                WHEN r_shadow_stop[r] <> '' OR reacheds[i] IS NOT NULL THEN 'block'
                WHEN NOT capacity_gate_over(promised, expected, r_shadow_ceiling[r])
                    THEN 'allow'
                WHEN r_shadow_over[r] = 'meter'
                    AND capacity_gate_over(promised, expected, r_shadow_most[r])
                    THEN 'block'
                ELSE r_shadow_over[r] END;
        END IF;
    END LOOP;
    IF granted OR changed THEN
        UPDATE capacity_usercounter c
        SET reserved = u.reserved, next_expiry = u.expiry
        -- Locked, a row stays where it is.
        FROM unnest(rows_of, reserved_of, expiry_of, before_of)
            AS u(place, reserved, expiry, before)
        WHERE c.ctid = u.place
            AND (u.reserved <> u.before OR c.next_expiry IS DISTINCT FROM u.expiry);
    END IF;
    IF granted THEN
        INSERT INTO capacity_reservation (decision, workload_id, user_ref, month, test,
            tokens, cost, day, agent, department, expires_at)
        SELECT u.id, c_workload[u.k], c_user[u.k], in_month, c_test[u.k], u.tokens,
            coalesce(u.cost, 0), on_day, r_agent[u.r], r_department[u.r], lapses_at
        FROM unnest(ids, counters, rules, grants, costs) AS u(id, k, r, tokens, cost)
        WHERE u.tokens > 0;
        IF s_scope IS NOT NULL THEN
            UPDATE capacity_spendcounter c SET reserved = c.reserved + u.cost
            FROM unnest(spend_rows_of, held_of) AS u(place, cost)
            WHERE c.ctid = u.place AND u.cost > 0;
        END IF;
    END IF;
    INSERT INTO capacity_decision (id, at, workload_id, policy_id, tier, user_ref, agent,
        account, trace_id, action, model, reason_code, asked_model, ceiling_tokens,
        expected_tokens, settled_tokens, reserved_tokens, shadow_policy_id,
        shadow_action, test, answer)
    SELECT u.id, asked_at, c_workload[u.k], r_policy[u.r], r_tier[u.r], c_user[u.k],
        r_agent[u.r], r_account[u.r], r_trace[u.r], u.action, coalesce(u.model, ''),
        u.reason, r_asked[u.r], r_ceiling[u.r], u.expected, u.settled, u.reserved,
        r_shadow[u.r], coalesce(u.shadowed, ''), c_test[u.k],
        CASE WHEN u.was OR u.reached IS NOT NULL THEN r_fact[u.r]
            || jsonb_build_object('was_over', u.was IS TRUE, 'limit', u.reached)
            ELSE r_fact[u.r] END
    FROM unnest(ids, counters, rules, expecteds, actions, answered, reasons, settleds,
            reserveds, shadowed, was, reacheds, states)
        AS u(id, k, r, expected, action, model, reason, settled, reserved, shadowed, was,
            reached, state)
    WHERE u.state = 0;
    RETURN QUERY SELECT u.state, u.id, u.settled, u.reserved, u.was IS TRUE, u.passed,
        u.reached
    FROM unnest(states, coalesce(earlier, ids), settleds, reserveds, was, passeds,
        reacheds) AS u(state, id, settled, reserved, was, passed, reached);
END;
$$;
"""
DROP_RESERVE = """
DROP FUNCTION capacity_reserve;
DROP FUNCTION capacity_gate_over;
DROP FUNCTION capacity_release;
DROP FUNCTION capacity_lapse;
DROP FUNCTION capacity_drop_reservations;
DROP FUNCTION capacity_release_cost;
"""


class Migration(migrations.Migration):

    dependencies = [("capacity", "0008_gates")]

    operations = [
        migrations.AlterField(
            model_name="usercounter",
            name="workload",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="workloads.workload",
            ),
        ),
        migrations.AlterField(
            model_name="reservation",
            name="workload",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="workloads.workload",
            ),
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(KEYS_OF_DECISIONS, KEYS_BACK)],
            state_operations=[
                migrations.AlterField(
                    model_name="decision",
                    name="answer",
                    field=models.JSONField(
                        help_text="What no column holds of the facts that the answer is"
                        " made from again."
                    ),
                )
            ],
        ),
        migrations.RunSQL(DROP_RESERVATIONS, migrations.RunSQL.noop),
        migrations.RunSQL(RESERVE, DROP_RESERVE),
    ]
