"""The statement of the hot path: a batch of questions in, what each was granted out."""

from django.db import migrations

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
    known_epoch bigint, asked_at timestamptz, lapses_at timestamptz, on_day date,
    c_workload bigint[], c_user text[], c_month date[], c_test boolean[],
    s_scope text[], s_target text[], s_period text[], s_starts date[],
    s_amount numeric[], s_limit bigint[],
    ids uuid[], counters int[], tiers text[], agents text[], departments text[],
    accounts text[], traces text[], policies bigint[], stops text[], asked text[],
    models text[], over_actions text[], over_models text[],
    ceilings bigint[], mosts bigint[], expecteds bigint[], prices numeric[],
    shadows bigint[], shadow_actions text[], shadow_overs text[],
    shadow_ceilings bigint[], shadow_mosts bigint[], facts jsonb[],
    held_from int[], held_spend int[],
    r_token bigint[], r_id text[], r_body bytea[]
) RETURNS TABLE (
    state int, decision uuid, settled bigint, reserved bigint, is_over boolean,
    was_over boolean, passed jsonb, reached bigint
)
LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
#variable_conflict use_column
DECLARE
    n int := cardinality(ids);
    k int;
    p int;
    found_rows int := 0;
    held record;
    settled_of bigint[];
    reserved_of bigint[];
    granted_of bigint[] := array_fill(0::bigint, ARRAY[cardinality(c_user)]);
    freed_of bigint[] := array_fill(0::bigint, ARRAY[cardinality(c_user)]);
    expiry_of timestamptz[];
    spoken_of jsonb[];
    spent_of numeric[];
    held_of numeric[];
    states int[] := array_fill(0, ARRAY[n]);
    earlier uuid[];
    same boolean[];
    settleds bigint[] := array_fill(0::bigint, ARRAY[n]);
    reserveds bigint[] := array_fill(0::bigint, ARRAY[n]);
    grants bigint[] := array_fill(0::bigint, ARRAY[n]);
    costs numeric[] := array_fill(0::numeric, ARRAY[n]);
    overs boolean[] := array_fill(false, ARRAY[n]);
    was boolean[] := array_fill(false, ARRAY[n]);
    passeds jsonb[] := array_fill(NULL::jsonb, ARRAY[n]);
    reacheds bigint[] := array_fill(NULL::bigint, ARRAY[n]);
    actions text[] := array_fill('block'::text, ARRAY[n]);
    reasons text[] := stops;
    answered text[] := array_fill(''::text, ARRAY[n]);
    shadowed text[] := shadow_actions;
    promised bigint;
    expected bigint;
    any_grant boolean := false;
    any_earlier boolean := false;
BEGIN
    IF known_epoch <> coalesce((SELECT e.version FROM capacity_gateepoch e), 0) THEN
        RETURN;
    END IF;
    IF r_id IS NOT NULL THEN
        INSERT INTO capacity_decisionrequest AS known
            (token_id, request_id, body_sha256, decision, at)
        SELECT u.t, u.r, u.b, u.d, asked_at
        FROM unnest(r_token, r_id, r_body, ids) AS u(t, r, b, d)
        WHERE u.r IS NOT NULL ORDER BY u.t, u.r COLLATE "C"
        ON CONFLICT (token_id, request_id) DO UPDATE
        SET body_sha256 = excluded.body_sha256, decision = excluded.decision,
            at = excluded.at
        WHERE known.at <= asked_at - interval '24 hours';
        SELECT array_agg(q.decision ORDER BY u.n),
            array_agg(q.body_sha256 = u.b ORDER BY u.n),
            bool_or(q.decision <> u.d)
        INTO earlier, same, any_earlier
        FROM unnest(r_token, r_id, r_body, ids) WITH ORDINALITY AS u(t, r, b, d, n)
        LEFT JOIN capacity_decisionrequest q ON q.token_id = u.t AND q.request_id = u.r;
    END IF;
    WHILE found_rows < cardinality(c_user) LOOP
        found_rows := 0;
        FOR held IN
            SELECT u.n, c.settled, c.reserved, c.next_expiry, c.spoken
            FROM unnest(c_workload, c_user, c_month, c_test) WITH ORDINALITY
                AS u(w, r, m, t, n)
            JOIN capacity_usercounter c ON c.workload_id = u.w AND c.user_ref = u.r
                AND c.month = u.m AND c.test = u.t
            ORDER BY c.workload_id, c.user_ref COLLATE "C", c.month, c.test
            FOR UPDATE OF c
        LOOP
            found_rows := found_rows + 1;
            settled_of[held.n] := held.settled;
            reserved_of[held.n] := held.reserved;
            expiry_of[held.n] := held.next_expiry;
            spoken_of[held.n] := held.spoken;
        END LOOP;
        IF found_rows < cardinality(c_user) THEN
            INSERT INTO capacity_usercounter
                (workload_id, user_ref, month, test, settled, reserved, spoken)
            SELECT u.w, u.r, u.m, u.t, 0, 0, '{}'
            FROM unnest(c_workload, c_user, c_month, c_test) AS u(w, r, m, t)
            ORDER BY u.w, u.r COLLATE "C", u.m, u.t
            ON CONFLICT DO NOTHING;
        END IF;
    END LOOP;
    FOR k IN 1..found_rows LOOP
        IF expiry_of[k] <= asked_at THEN
            SELECT * INTO held
            FROM capacity_lapse(c_workload[k], c_user[k], c_month[k], c_test[k], asked_at);
            freed_of[k] := held.freed;
            reserved_of[k] := greatest(0, reserved_of[k] - held.freed);
            expiry_of[k] := held.next_expiry;
            any_grant := true;
        END IF;
    END LOOP;
    IF s_scope IS NOT NULL THEN
        INSERT INTO capacity_spendcounter
            (scope, target, period, starts_on, settled, reserved)
        SELECT u.s, u.t, u.p, u.d, 0, 0
        FROM unnest(s_scope, s_target, s_period, s_starts) AS u(s, t, p, d)
        ORDER BY u.s COLLATE "C", u.t COLLATE "C", u.p COLLATE "C", u.d
        ON CONFLICT DO NOTHING;
        FOR held IN
            SELECT u.n, c.settled, c.reserved
            FROM unnest(s_scope, s_target, s_period, s_starts) WITH ORDINALITY
                AS u(s, t, p, d, n)
            JOIN capacity_spendcounter c ON c.scope = u.s AND c.target = u.t
                AND c.period = u.p AND c.starts_on = u.d
            ORDER BY c.scope COLLATE "C", c.target COLLATE "C", c.period COLLATE "C",
                c.starts_on
            FOR UPDATE OF c
        LOOP
            spent_of[held.n] := held.settled + held.reserved;
            held_of[held.n] := 0;
        END LOOP;
    END IF;
    FOR i IN 1..n LOOP
        IF any_earlier AND earlier[i] <> ids[i] THEN
            states[i] := CASE WHEN same[i] THEN 1 ELSE 2 END;
            CONTINUE;
        END IF;
        k := counters[i];
        expected := expecteds[i];
        settleds[i] := settled_of[k];
        reserveds[i] := reserved_of[k];
        promised := settled_of[k] + reserved_of[k];
        IF spoken_of[k] <> '{}' THEN
            passeds[i] := spoken_of[k] -> tiers[i];
            was[i] := coalesce(passeds[i] @> '100', false);
        END IF;
        IF stops[i] = '' AND s_scope IS NOT NULL THEN
            FOR p IN held_from[i]..held_from[i + 1] - 1 LOOP
                IF spent_of[held_spend[p]] >= s_amount[held_spend[p]] THEN
                    reacheds[i] := s_limit[held_spend[p]];
                    reasons[i] := 'spend_limit';
                    EXIT;
                END IF;
            END LOOP;
        END IF;
        IF reasons[i] = '' THEN
            overs[i] := capacity_gate_over(promised, expected, ceilings[i]);
            IF NOT overs[i] OR over_actions[i] = 'allow' THEN
                actions[i] := 'allow';
                reasons[i] := 'under_ceiling';
                answered[i] := models[i];
                IF expected > 0 THEN
                    any_grant := true;
                    grants[i] := expected;
                    granted_of[k] := granted_of[k] + expected;
                    reserved_of[k] := reserved_of[k] + expected;
                    IF s_scope IS NOT NULL AND held_from[i + 1] > held_from[i] THEN
                        costs[i] := expected * prices[i];
                        FOR p IN held_from[i]..held_from[i + 1] - 1 LOOP
                            spent_of[held_spend[p]] :=
                                spent_of[held_spend[p]] + costs[i];
                            held_of[held_spend[p]] := held_of[held_spend[p]] + costs[i];
                        END LOOP;
                    END IF;
                END IF;
            ELSE
                actions[i] := over_actions[i];
                reasons[i] := 'over_ceiling';
                IF actions[i] = 'meter'
                    AND capacity_gate_over(promised, expected, mosts[i]) THEN
                    actions[i] := 'block';
                END IF;
                IF actions[i] <> 'block' THEN
                    answered[i] := over_models[i];
                END IF;
                IF NOT was[i] THEN
                    spoken_of[k] := jsonb_set(spoken_of[k], ARRAY[tiers[i]],
                        coalesce(passeds[i], '[]') || '100');
                END IF;
            END IF;
        END IF;
        IF shadows[i] IS NOT NULL AND shadowed[i] = '' THEN
            shadowed[i] := CASE
                WHEN reacheds[i] IS NOT NULL THEN 'block'
                WHEN NOT capacity_gate_over(promised, expected, shadow_ceilings[i])
                    THEN 'allow'
                WHEN shadow_overs[i] = 'meter'
                    AND capacity_gate_over(promised, expected, shadow_mosts[i])
                    THEN 'block'
                ELSE shadow_overs[i] END;
        END IF;
    END LOOP;
    IF any_grant THEN
        UPDATE capacity_usercounter c
        SET reserved = greatest(0, c.reserved - u.freed) + u.granted,
            next_expiry = CASE WHEN u.granted > 0 THEN least(u.expiry, lapses_at)
                               ELSE u.expiry END
        FROM unnest(c_workload, c_user, c_month, c_test, granted_of, freed_of, expiry_of)
            AS u(w, r, m, t, granted, freed, expiry)
        WHERE c.workload_id = u.w AND c.user_ref = u.r AND c.month = u.m
            AND c.test = u.t AND (u.granted > 0 OR c.next_expiry <= asked_at);
        INSERT INTO capacity_reservation (decision, workload_id, user_ref, month, test,
            tokens, cost, day, agent, department, expires_at)
        SELECT u.id, c_workload[u.k], c_user[u.k], c_month[u.k], c_test[u.k], u.tokens,
            u.cost, on_day, u.agent, u.department, lapses_at
        FROM unnest(ids, counters, grants, costs, agents, departments)
            AS u(id, k, tokens, cost, agent, department)
        WHERE u.tokens > 0;
        IF s_scope IS NOT NULL THEN
            UPDATE capacity_spendcounter c SET reserved = c.reserved + u.cost
            FROM unnest(s_scope, s_target, s_period, s_starts, held_of)
                AS u(s, t, p, d, cost)
            WHERE c.scope = u.s AND c.target = u.t AND c.period = u.p
                AND c.starts_on = u.d AND u.cost > 0;
        END IF;
    END IF;
    INSERT INTO capacity_decision (id, at, workload_id, policy_id, tier, user_ref, agent,
        account, trace_id, action, model, reason_code, asked_model, ceiling_tokens,
        expected_tokens, settled_tokens, reserved_tokens, shadow_policy_id,
        shadow_action, test, answer)
    SELECT u.id, asked_at, c_workload[u.k], u.policy, u.tier, c_user[u.k], u.agent,
        u.account, u.trace, u.action, u.model, u.reason, u.asked, u.ceiling, u.expected,
        u.settled, u.reserved, u.shadow, u.shadowed, c_test[u.k],
        CASE WHEN u.was OR u.reached IS NOT NULL
            THEN u.fact || jsonb_build_object('was_over', u.was, 'limit', u.reached)
            ELSE u.fact END
    FROM unnest(ids, counters, policies, tiers, agents, accounts, traces, actions,
            answered, reasons, asked, ceilings, expecteds, settleds, reserveds, shadows,
            shadowed, facts, was, reacheds, states)
        AS u(id, k, policy, tier, agent, account, trace, action, model, reason, asked,
            ceiling, expected, settled, reserved, shadow, shadowed, fact, was, reached,
            state)
    WHERE u.state = 0;
    RETURN QUERY SELECT * FROM unnest(states, coalesce(earlier, ids), settleds,
        reserveds, overs, was, passeds, reacheds);
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
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(KEYS_OF_DECISIONS, KEYS_BACK)],
        ),
        migrations.RunSQL(DROP_RESERVATIONS, migrations.RunSQL.noop),
        migrations.RunSQL(RESERVE, DROP_RESERVE),
    ]
