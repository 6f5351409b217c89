"""Gates: policies, decisions, counters, limits, switches, usage as it is sent."""

import capacity.enums
import django.core.validators
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
import workloads.enums
from django.conf import settings
from django.db import migrations, models


DECISION = """
CREATE TABLE capacity_decision (
    id uuid PRIMARY KEY,
    at timestamptz NOT NULL,
    workload_id bigint NOT NULL REFERENCES workloads_workload (id),
    policy_id bigint REFERENCES capacity_gatepolicy (id),
    tier varchar(60) NOT NULL,
    user_ref varchar(100) NOT NULL,
    agent varchar(200) NOT NULL,
    account varchar(100) NOT NULL,
    trace_id varchar(200) NOT NULL,
    action varchar(10) NOT NULL CHECK (action IN ('allow', 'degrade', 'block', 'meter')),
    model varchar(100) NOT NULL,
    reason_code varchar(30) NOT NULL,
    asked_model varchar(100) NOT NULL,
    ceiling_tokens bigint,
    expected_tokens bigint CHECK (expected_tokens >= 0),
    settled_tokens bigint NOT NULL,
    reserved_tokens bigint NOT NULL,
    shadow_policy_id bigint REFERENCES capacity_gatepolicy (id),
    shadow_action varchar(10) NOT NULL,
    test boolean NOT NULL,
    answer jsonb NOT NULL
) PARTITION BY RANGE (id);
CREATE INDEX capacity_decision_of_workload ON capacity_decision (workload_id, at);
"""
DROP_DECISION = "DROP TABLE capacity_decision;"
USAGEEVENT = """
CREATE TABLE capacity_usageevent (
    day date NOT NULL,
    key uuid NOT NULL,
    source varchar(200) NOT NULL,
    event_id varchar(200) NOT NULL,
    at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    workload_id bigint NOT NULL REFERENCES workloads_workload (id),
    tier varchar(60) NOT NULL,
    user_ref varchar(100) NOT NULL,
    agent varchar(200) NOT NULL,
    called_by varchar(200) NOT NULL,
    account varchar(100) NOT NULL,
    model varchar(100) NOT NULL,
    session varchar(200) NOT NULL,
    trace_id varchar(200) NOT NULL,
    calls bigint NOT NULL CHECK (calls >= 0),
    decided_calls bigint NOT NULL CHECK (decided_calls >= 0),
    unreachable_calls bigint NOT NULL CHECK (unreachable_calls >= 0),
    turns bigint NOT NULL CHECK (turns >= 0),
    retries bigint NOT NULL CHECK (retries >= 0),
    tool_calls bigint NOT NULL CHECK (tool_calls >= 0),
    input_tokens bigint NOT NULL CHECK (input_tokens >= 0),
    cached_input_tokens bigint NOT NULL
        CHECK (cached_input_tokens BETWEEN 0 AND input_tokens),
    output_tokens bigint NOT NULL CHECK (output_tokens >= 0),
    decision uuid,
    billable_tokens bigint NOT NULL,
    cost numeric(30, 12),
    outcome jsonb,
    test boolean NOT NULL,
    PRIMARY KEY (day, key)
) PARTITION BY RANGE (day);
CREATE INDEX capacity_usageevent_of_workload ON capacity_usageevent (workload_id, at);
"""
DROP_USAGEEVENT = "DROP TABLE capacity_usageevent;"

# A UUID of version 7 begins with the milliseconds of its time: a month is a range of keys.
ENSURE_DECISIONS = """
CREATE FUNCTION capacity_uuid_from(instant timestamptz) RETURNS uuid
LANGUAGE sql IMMUTABLE AS $$
    SELECT (lpad(to_hex((extract(epoch FROM instant) * 1000)::bigint), 12, '0')
            || '00000000000000000000')::uuid
$$;
CREATE FUNCTION capacity_ensure_decision_month(some_day date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    first_day timestamptz :=
        date_trunc('month', some_day::timestamp) AT TIME ZONE 'UTC';
    next_first timestamptz :=
        (date_trunc('month', some_day::timestamp) + interval '1 month')
        AT TIME ZONE 'UTC';
    partition text := 'capacity_decision_' || to_char(some_day, 'YYYYMM');
BEGIN
    IF to_regclass(partition) IS NULL THEN
        PERFORM pg_advisory_xact_lock(hashtext(partition));
        EXECUTE format(
            'CREATE TABLE IF NOT EXISTS %I PARTITION OF capacity_decision '
            'FOR VALUES FROM (%L) TO (%L)',
            partition, capacity_uuid_from(first_day), capacity_uuid_from(next_first)
        );
    END IF;
END;
$$;
"""
DROP_ENSURE_DECISIONS = """
DROP FUNCTION capacity_ensure_decision_month(date);
DROP FUNCTION capacity_uuid_from(timestamptz);
"""

# Events stand beside their aggregates: one function makes the month of all three.
ENSURE_USAGE = """
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
                'FOR VALUES FROM (%L) TO (%L)',
                partition, stem, first_day, next_first
            );
        END IF;
    END LOOP;
END;
$$;
"""

# What a gate server keeps in memory. Whoever changes one of these moves the epoch, at the
# end of the transaction, so that no change waits for another in the middle of its work.
WATCHED = (
    ("capacity_gatepolicy", "INSERT OR UPDATE"),
    ("capacity_gatetier", "INSERT OR UPDATE OR DELETE"),
    ("capacity_meteredoptin", "INSERT OR UPDATE"),
    ("capacity_gateexception", "INSERT OR UPDATE"),
    ("capacity_spendlimit", "INSERT OR UPDATE"),
    ("capacity_killswitch", "INSERT OR UPDATE"),
    ("capacity_modelprice", "INSERT"),
    ("workloads_workload", "INSERT OR UPDATE OF status, department_id, owner_id"),
    (
        "portal_apitoken",
        "INSERT OR DELETE OR UPDATE OF revoked_at, expires_at, scopes, workloads",
    ),
    ("portal_user", "UPDATE OF is_active, roles"),
)
EPOCH = """
ALTER TABLE capacity_usercounter SET (fillfactor = 70);
CREATE FUNCTION capacity_gate_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO capacity_gateepoch (id, version)
    VALUES (1, pg_current_xact_id()::text::bigint)
    ON CONFLICT (id) DO UPDATE SET version = EXCLUDED.version
    WHERE capacity_gateepoch.version <> EXCLUDED.version;
    RETURN NULL;
END;
$$;
""" + "".join(
    f"""
CREATE CONSTRAINT TRIGGER {table}_moves_the_epoch
AFTER {events} ON {table} DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION capacity_gate_changed();
"""
    for table, events in WATCHED
)
DROP_EPOCH = (
    "".join(f"DROP TRIGGER {table}_moves_the_epoch ON {table};" for table, _ in WATCHED)
    + "DROP FUNCTION capacity_gate_changed();"
)


class Migration(migrations.Migration):

    dependencies = [
        ('capacity', '0007_usage_in_the_admin'),
        ('workloads', '0007_rate_card_of_estimates'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Account',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(help_text='As runtimes send it.', max_length=100, unique=True, validators=[django.core.validators.RegexValidator('^[A-Za-z0-9][A-Za-z0-9._:-]*\\Z')])),
                ('name', models.CharField(max_length=200)),
                ('owner_email', models.EmailField(max_length=254)),
                ('billing_email', models.EmailField(blank=True, help_text='Who is told of metered overage; empty for the owner.', max_length=254)),
                ('version', models.PositiveIntegerField(default=1)),
                ('edited_at', models.DateTimeField()),
            ],
            options={
                'ordering': ['code'],
            },
        ),
        migrations.CreateModel(
            name='GateEpoch',
            fields=[
                ('id', models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ('version', models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name='SpendCounter',
            fields=[
                ('pk', models.CompositePrimaryKey('scope', 'target', 'period', 'starts_on', blank=True, editable=False, primary_key=True, serialize=False)),
                ('scope', models.CharField(max_length=10)),
                ('target', models.CharField(max_length=200)),
                ('period', models.CharField(max_length=5)),
                ('starts_on', models.DateField()),
                ('settled', models.DecimalField(decimal_places=12, default=0, max_digits=30)),
                ('reserved', models.DecimalField(decimal_places=12, default=0, max_digits=30)),
            ],
            options={
                'verbose_name': 'money spent',
                'verbose_name_plural': 'money spent',
            },
        ),
        migrations.CreateModel(
            name='UsageKey',
            fields=[
                ('key', models.UUIDField(help_text='SHA-256 of source and id, cut.', primary_key=True, serialize=False)),
                ('month', models.DateField(help_text='Of the event: keys go when their month goes.')),
            ],
        ),
        migrations.CreateModel(
            name='UsageSession',
            fields=[
                ('key', models.UUIDField(help_text='Workload, user and session, hashed.', primary_key=True, serialize=False)),
                ('month', models.DateField()),
            ],
        ),
        migrations.CreateModel(
            name='DecisionRequest',
            fields=[
                ('pk', models.CompositePrimaryKey('token_id', 'request_id', blank=True, editable=False, primary_key=True, serialize=False)),
                ('token_id', models.BigIntegerField(help_text="0 for a browser's session.")),
                ('request_id', models.CharField(max_length=200)),
                ('body_sha256', models.BinaryField(max_length=32)),
                ('decision', models.UUIDField()),
                ('at', models.DateTimeField()),
            ],
            options={
                'indexes': [models.Index(fields=['at'], name='decisionrequest_at')],
            },
        ),
        migrations.CreateModel(
            name='GateException',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('tier', models.CharField(blank=True, default='', help_text='Empty for every tier.', max_length=60)),
                ('user_ref', models.CharField(blank=True, max_length=100)),
                ('ceiling_tokens', models.PositiveBigIntegerField(help_text="In place of the tier's.")),
                ('reason', models.TextField(max_length=2000)),
                ('created_at', models.DateTimeField()),
                ('ends_on', models.DateField(help_text='The last day on which it holds.')),
                ('ended_at', models.DateTimeField(blank=True, help_text='When it was taken back before its end.', null=True)),
                ('account', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='exceptions', to='capacity.account')),
                ('approved_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('workload', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='gate_exceptions', to='workloads.workload')),
            ],
            options={
                'verbose_name': 'exception of a gate',
                'verbose_name_plural': 'exceptions of gates',
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='GatePolicy',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField()),
                ('state', models.CharField(default=capacity.enums.GateState['DRAFT'], max_length=10)),
                ('mode', models.CharField(default=capacity.enums.GateMode['ENFORCE'], max_length=10)),
                ('primary_model', models.CharField(max_length=100)),
                ('degrade_model', models.CharField(blank=True, max_length=100)),
                ('on_unreachable', models.CharField(max_length=5)),
                ('notice_text', models.TextField(blank=True, max_length=2000)),
                ('notice_audience', models.CharField(blank=True, max_length=200)),
                ('notice_activates_on', models.DateField(blank=True, null=True)),
                ('no_notice_reason', models.TextField(blank=True, max_length=2000)),
                ('ends_on', models.DateField(blank=True, help_text='Last day of a version that only observes.', null=True)),
                ('spend_limit', models.DecimalField(blank=True, decimal_places=2, help_text='What a version that only observes may cost a month.', max_digits=16, null=True)),
                ('created_at', models.DateTimeField()),
                ('edited_at', models.DateTimeField()),
                ('owner_agreed_at', models.DateTimeField(blank=True, null=True)),
                ('finance_agreed_at', models.DateTimeField(blank=True, null=True)),
                ('shadow_at', models.DateTimeField(blank=True, null=True)),
                ('activated_at', models.DateTimeField(blank=True, null=True)),
                ('ended_at', models.DateTimeField(blank=True, help_text='When it was superseded or discarded.', null=True)),
                ('floor', models.PositiveSmallIntegerField(default=500, help_text='Thousandths of the ceiling; below it nothing is said.')),
                ('notice_at', models.PositiveSmallIntegerField(default=700)),
                ('banner_at', models.PositiveSmallIntegerField(default=900)),
                ('created_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('estimate', models.ForeignKey(help_text='The version whose tokens the ceilings were computed from.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='workloads.estimate')),
                ('finance_agreed_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('owner_agreed_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('workload', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='gates', to='workloads.workload')),
            ],
            options={
                'verbose_name': 'gate',
                'ordering': ['workload_id', '-version'],
            },
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(DECISION, DROP_DECISION)],
            # Django knows the table, and makes none: it has no word for partitions.
            state_operations=[
                migrations.CreateModel(
                    name='Decision',
                    fields=[
                        ('id', models.UUIDField(primary_key=True, serialize=False)),
                        ('at', models.DateTimeField()),
                        ('tier', models.CharField(max_length=60)),
                        ('user_ref', models.CharField(max_length=100)),
                        ('agent', models.CharField(blank=True, max_length=200)),
                        ('account', models.CharField(blank=True, max_length=100)),
                        ('trace_id', models.CharField(blank=True, max_length=200)),
                        ('action', models.CharField(max_length=10)),
                        ('model', models.CharField(blank=True, max_length=100)),
                        ('reason_code', models.CharField(max_length=30)),
                        ('asked_model', models.CharField(blank=True, max_length=100)),
                        ('ceiling_tokens', models.PositiveBigIntegerField(null=True)),
                        ('expected_tokens', models.PositiveBigIntegerField(null=True)),
                        ('settled_tokens', models.PositiveBigIntegerField(default=0)),
                        ('reserved_tokens', models.PositiveBigIntegerField(default=0, help_text='Open before this call.')),
                        ('shadow_action', models.CharField(blank=True, max_length=10)),
                        ('test', models.BooleanField(default=False)),
                        ('answer', models.JSONField(help_text='As it was sent.')),
                        ('workload', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='workloads.workload')),
                        ('policy', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='capacity.gatepolicy')),
                        ('shadow_policy', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='capacity.gatepolicy')),
                    ],
                    options={
                        'ordering': ['-id'],
                    },
                ),
            ],
        ),
        migrations.CreateModel(
            name='CeilingProposal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('cause', models.CharField(max_length=10)),
                ('cause_key', models.CharField(help_text='2026Q2, card-7, estimate-3: asked for once each.', max_length=100)),
                ('ceilings', models.JSONField(help_text='[{tier, basis, ceiling_tokens, proposed_tokens, formula}]')),
                ('state', models.CharField(default=capacity.enums.ProposalState['OPEN'], max_length=10)),
                ('created_at', models.DateTimeField()),
                ('decided_at', models.DateTimeField(blank=True, null=True)),
                ('reason', models.TextField(blank=True, max_length=2000)),
                ('decided_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('workload', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='ceiling_proposals', to='workloads.workload')),
                ('policy', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='capacity.gatepolicy')),
            ],
            options={
                'verbose_name': 'proposal of ceilings',
                'verbose_name_plural': 'proposals of ceilings',
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='KillSwitch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('scope', models.CharField(max_length=10)),
                ('target', models.CharField(blank=True, help_text='Empty for all.', max_length=200)),
                ('reason', models.TextField(max_length=2000)),
                ('thrown_at', models.DateTimeField()),
                ('lifted_at', models.DateTimeField(blank=True, null=True)),
                ('lift_reason', models.TextField(blank=True, max_length=2000)),
                ('lifted_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('thrown_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name_plural': 'kill switches',
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='MeteredOptIn',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('tier', models.CharField(help_text='The tier that opted in.', max_length=60)),
                ('by', models.CharField(help_text='Who opted in.', max_length=200)),
                ('at', models.DateTimeField(help_text='When they did.')),
                ('reference', models.CharField(help_text='The contract.', max_length=200)),
                ('recorded_at', models.DateTimeField()),
                ('withdrawn_at', models.DateTimeField(blank=True, null=True)),
                ('withdrawal_reason', models.TextField(blank=True, max_length=2000)),
                ('recorded_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('withdrawn_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('workload', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='opt_ins', to='workloads.workload')),
            ],
            options={
                'verbose_name': 'metered opt-in',
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='GateTier',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('tier', models.CharField(default='standard', help_text='A code in snake_case.', max_length=60)),
                ('ceiling_tokens', models.PositiveBigIntegerField(help_text='Tokens a user and month.', validators=[django.core.validators.MinValueValidator(1)])),
                ('overage', models.CharField(max_length=20)),
                ('ceiling_basis', models.CharField(default=capacity.enums.CeilingBasis['FIXED'], max_length=10)),
                ('allowance', models.DecimalField(blank=True, decimal_places=3, help_text="Times the estimate's tokens a user and month.", max_digits=6, null=True)),
                ('amount', models.DecimalField(blank=True, decimal_places=2, help_text='Money a user and month.', max_digits=16, null=True)),
                ('overage_limit_tokens', models.PositiveBigIntegerField(blank=True, null=True)),
                ('overage_price_per_million', models.DecimalField(blank=True, decimal_places=6, help_text='Money a million tokens over the ceiling.', max_digits=16, null=True)),
                ('reason', models.TextField(blank=True, max_length=2000)),
                ('policy', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='tiers', to='capacity.gatepolicy')),
                ('opt_in', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='capacity.meteredoptin')),
            ],
            options={
                'verbose_name': 'tier of a gate',
                'verbose_name_plural': 'tiers of gates',
                'ordering': ['policy_id', 'tier'],
            },
        ),
        migrations.CreateModel(
            name='QuarantinedEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('received_at', models.DateTimeField()),
                ('source', models.CharField(blank=True, max_length=200)),
                ('event_id', models.CharField(blank=True, max_length=200)),
                ('workload_ref', models.CharField(blank=True, max_length=50)),
                ('code', models.CharField(max_length=40)),
                ('detail', models.TextField()),
                ('body', models.JSONField()),
                ('sent_by', models.CharField(blank=True, max_length=150)),
                ('expires_at', models.DateTimeField()),
                ('replayed_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'verbose_name': 'refused event',
                'ordering': ['-id'],
                'indexes': [models.Index(fields=['expires_at'], name='quarantine_expiry')],
            },
        ),
        migrations.CreateModel(
            name='Reservation',
            fields=[
                ('decision', models.UUIDField(primary_key=True, serialize=False)),
                ('user_ref', models.CharField(max_length=100)),
                ('month', models.DateField()),
                ('test', models.BooleanField(default=False)),
                ('tokens', models.PositiveBigIntegerField()),
                ('cost', models.DecimalField(decimal_places=12, default=0, help_text='Money it may cost, held against spend limits.', max_digits=30)),
                ('day', models.DateField(help_text='On whose spend counters the cost is held.')),
                ('agent', models.CharField(blank=True, max_length=200)),
                ('department', models.CharField(blank=True, max_length=50)),
                ('expires_at', models.DateTimeField()),
                ('workload', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='workloads.workload')),
            ],
        ),
        migrations.CreateModel(
            name='SpendLimit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('scope', models.CharField(max_length=10)),
                ('target', models.CharField(help_text="W-01, an agent's id, or a department's code.", max_length=200)),
                ('period', models.CharField(max_length=5)),
                ('amount', models.DecimalField(decimal_places=2, help_text="In the organisation's currency.", max_digits=16)),
                ('alert_at', models.DecimalField(decimal_places=3, default='0.800', help_text='0–1 of the amount.', max_digits=4)),
                ('reason', models.TextField(blank=True, max_length=2000)),
                ('set_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('ended_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('set_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='SpendAlert',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('starts_on', models.DateField(help_text='The day or month it was reached in.')),
                ('reached', models.BooleanField(help_text='The limit itself, not its alert.')),
                ('spent', models.DecimalField(decimal_places=12, max_digits=30)),
                ('at', models.DateTimeField()),
                ('limit', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='alerts', to='capacity.spendlimit')),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(USAGEEVENT, DROP_USAGEEVENT)],
            # Django knows the table, and makes none: it has no word for partitions.
            state_operations=[
                migrations.CreateModel(
                    name='UsageEvent',
                    fields=[
                        ('pk', models.CompositePrimaryKey('day', 'key', blank=True, editable=False, primary_key=True, serialize=False)),
                        ('day', models.DateField(help_text="On the organisation's clock.")),
                        ('key', models.UUIDField()),
                        ('source', models.CharField(max_length=200)),
                        ('event_id', models.CharField(max_length=200)),
                        ('at', models.DateTimeField(help_text="The event's own time.")),
                        ('received_at', models.DateTimeField()),
                        ('tier', models.CharField(max_length=60)),
                        ('user_ref', models.CharField(max_length=100)),
                        ('agent', models.CharField(blank=True, max_length=200)),
                        ('called_by', models.CharField(blank=True, max_length=200)),
                        ('account', models.CharField(blank=True, max_length=100)),
                        ('model', models.CharField(max_length=100)),
                        ('session', models.CharField(blank=True, max_length=200)),
                        ('trace_id', models.CharField(blank=True, max_length=200)),
                        ('calls', models.PositiveBigIntegerField(default=1)),
                        ('decided_calls', models.PositiveBigIntegerField(default=0)),
                        ('unreachable_calls', models.PositiveBigIntegerField(default=0)),
                        ('turns', models.PositiveBigIntegerField(default=0)),
                        ('retries', models.PositiveBigIntegerField(default=0)),
                        ('tool_calls', models.PositiveBigIntegerField(default=0)),
                        ('input_tokens', models.PositiveBigIntegerField()),
                        ('cached_input_tokens', models.PositiveBigIntegerField(default=0)),
                        ('output_tokens', models.PositiveBigIntegerField()),
                        ('decision', models.UUIDField(null=True)),
                        ('billable_tokens', models.PositiveBigIntegerField(default=0)),
                        ('cost', models.DecimalField(decimal_places=12, max_digits=30, null=True)),
                        ('outcome', models.JSONField(null=True)),
                        ('test', models.BooleanField(default=False)),
                        ('workload', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='workloads.workload')),
                    ],
                    options={
                        'verbose_name': 'usage event',
                        'ordering': ['-day'],
                    },
                ),
            ],
        ),
        migrations.CreateModel(
            name='UserCounter',
            fields=[
                ('pk', models.CompositePrimaryKey('workload_id', 'user_ref', 'month', 'test', blank=True, editable=False, primary_key=True, serialize=False)),
                ('user_ref', models.CharField(max_length=100)),
                ('month', models.DateField(help_text="First day, on the organisation's clock.")),
                ('test', models.BooleanField(default=False)),
                ('settled', models.PositiveBigIntegerField(default=0)),
                ('reserved', models.PositiveBigIntegerField(default=0)),
                ('next_expiry', models.DateTimeField(null=True)),
                ('spoken', models.JSONField(default=dict)),
                ('workload', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='workloads.workload')),
            ],
            options={
                'verbose_name': 'counter of a user',
                'verbose_name_plural': 'counters of users',
            },
        ),
        migrations.CreateModel(
            name='Alert',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('user_ref', models.CharField(max_length=100)),
                ('tier', models.CharField(max_length=60)),
                ('month', models.DateField()),
                ('level', models.PositiveSmallIntegerField()),
                ('spoken', models.BooleanField(help_text='False where a higher one was spoken instead.')),
                ('kind', models.CharField(max_length=20)),
                ('account', models.CharField(blank=True, max_length=100)),
                ('decision', models.UUIDField()),
                ('trace_id', models.CharField(blank=True, max_length=200)),
                ('overage', models.CharField(max_length=20)),
                ('consumed', models.FloatField()),
                ('projected', models.FloatField()),
                ('at', models.DateTimeField()),
                ('acknowledged_at', models.DateTimeField(blank=True, null=True)),
                ('acknowledged_by', models.CharField(blank=True, max_length=200)),
                ('workload', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='workloads.workload')),
            ],
            options={
                'ordering': ['-id'],
                'indexes': [models.Index(fields=['workload', 'month'], name='alert_by_month')],
                'constraints': [models.UniqueConstraint(fields=('workload', 'user_ref', 'tier', 'month', 'level'), name='alert_once'), models.CheckConstraint(condition=models.Q(('level__in', [70, 90, 100])), name='alert_level_known')],
            },
        ),
        migrations.CreateModel(
            name='BundleAcknowledgement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
                ('runtime', models.CharField(max_length=200)),
                ('etag', models.CharField(max_length=100)),
                ('versions', models.JSONField(help_text='{workload reference: gate version}')),
                ('by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'acknowledged bundle',
                'ordering': ['-id'],
                'indexes': [models.Index(fields=['-at'], name='capacity_bu_at_3b6169_idx')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='bundleacknowledgement',
            trigger=pgtrigger.compiler.Trigger(name='bundle_append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='f0ed9fd688ba608d6bc481982690cb9fa74457a8', operation='UPDATE OR DELETE', pgid='pgtrigger_bundle_append_only_0f760', table='capacity_bundleacknowledgement', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='bundleacknowledgement',
            trigger=pgtrigger.compiler.Trigger(name='bundle_no_truncate', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'table % takes no TRUNCATE', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';", hash='423ae7c0c9cf4b1ba0e5ac7ae3c4162f0b1d1c26', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_bundle_no_truncate_a2d18', table='capacity_bundleacknowledgement', when='BEFORE')),
        ),
        migrations.AddIndex(
            model_name='gateexception',
            index=models.Index(fields=['workload', 'user_ref'], name='capacity_ga_workloa_a5bdf8_idx'),
        ),
        migrations.AddConstraint(
            model_name='gateexception',
            constraint=models.CheckConstraint(condition=models.Q(('user_ref', ''), ('account__isnull', True), _connector='XOR'), name='gateexception_of_one'),
        ),
        migrations.AddConstraint(
            model_name='gateexception',
            constraint=models.CheckConstraint(condition=models.Q(('ceiling_tokens__gte', 1), ('ceiling_tokens__lte', 1000000000000000)), name='gateexception_ceiling_in_range'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='gateexception',
            trigger=pgtrigger.compiler.Trigger(name='gateexception_no_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='8e3266e9b24a76c1ce81cfc203d5753d4c3a2307', operation='DELETE', pgid='pgtrigger_gateexception_no_delete_8d8da', table='capacity_gateexception', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='gatepolicy',
            constraint=models.UniqueConstraint(fields=('workload', 'version'), name='gate_version_once'),
        ),
        migrations.AddConstraint(
            model_name='gatepolicy',
            constraint=models.UniqueConstraint(condition=models.Q(('state', capacity.enums.GateState['ACTIVE'])), fields=('workload',), name='gate_one_active'),
        ),
        migrations.AddConstraint(
            model_name='gatepolicy',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', [capacity.enums.GateState['DRAFT'], capacity.enums.GateState['SHADOW']])), fields=('workload',), name='gate_one_open'),
        ),
        migrations.AddConstraint(
            model_name='gatepolicy',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['draft', 'shadow', 'active', 'superseded'])), name='gate_state_known'),
        ),
        migrations.AddConstraint(
            model_name='gatepolicy',
            constraint=models.CheckConstraint(condition=models.Q(('mode__in', ['enforce', 'observe'])), name='gate_mode_known'),
        ),
        migrations.AddConstraint(
            model_name='gatepolicy',
            constraint=models.CheckConstraint(condition=models.Q(('on_unreachable__in', ['allow', 'block'])), name='gate_on_unreachable_known'),
        ),
        migrations.AddConstraint(
            model_name='gatepolicy',
            constraint=models.CheckConstraint(condition=models.Q(('mode', capacity.enums.GateMode['ENFORCE']), models.Q(('ends_on__isnull', False), ('spend_limit__isnull', False)), _connector='OR'), name='gate_observer_has_an_end_and_a_limit'),
        ),
        migrations.AddConstraint(
            model_name='gatepolicy',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', capacity.enums.GateState['ACTIVE']), _negated=True), models.Q(('finance_agreed_by__isnull', False), ('owner_agreed_by__isnull', False)), _connector='OR'), name='gate_active_has_two_people'),
        ),
        migrations.AddConstraint(
            model_name='gatepolicy',
            constraint=models.CheckConstraint(condition=models.Q(('owner_agreed_by__isnull', True), ('finance_agreed_by__isnull', True), models.Q(('owner_agreed_by', models.F('finance_agreed_by')), _negated=True), _connector='OR'), name='gate_two_different_people'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='gatepolicy',
            trigger=pgtrigger.compiler.Trigger(name='gate_starts_draft', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (NOT (NEW."state" = \'draft\'))', func="RAISE EXCEPTION 'pgtrigger: Cannot insert rows from % table', TG_TABLE_NAME;", hash='a89830473c491f2688f80dbc461b45d9f0f6a971', operation='INSERT', pgid='pgtrigger_gate_starts_draft_8cb75', table='capacity_gatepolicy', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='gatepolicy',
            trigger=pgtrigger.compiler.Trigger(name='gate_state_steps', sql=pgtrigger.compiler.UpsertTriggerSql(declare='DECLARE _is_valid_transition BOOLEAN;', func='SELECT CONCAT(OLD."state", \':\', NEW."state") = ANY(\'{draft:shadow,draft:active,draft:superseded,shadow:active,shadow:superseded,active:superseded}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."state" IS DISTINCT FROM NEW."state") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "state" from "%" to "%" on table %\', OLD."state", NEW."state", TG_TABLE_NAME; ELSE RETURN NEW; END IF;', hash='ac3c4840c826c42e7cfd09136c390785119bb45c', operation='UPDATE', pgid='pgtrigger_gate_state_steps_9e312', table='capacity_gatepolicy', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='gatepolicy',
            trigger=pgtrigger.compiler.Trigger(name='gate_frozen_after_draft', sql=pgtrigger.compiler.UpsertTriggerSql(condition="WHEN (OLD.state <> 'draft' AND (OLD.workload_id IS DISTINCT FROM NEW.workload_id OR OLD.version IS DISTINCT FROM NEW.version OR OLD.mode IS DISTINCT FROM NEW.mode OR OLD.primary_model IS DISTINCT FROM NEW.primary_model OR OLD.degrade_model IS DISTINCT FROM NEW.degrade_model OR OLD.on_unreachable IS DISTINCT FROM NEW.on_unreachable OR OLD.estimate_id IS DISTINCT FROM NEW.estimate_id OR OLD.notice_text IS DISTINCT FROM NEW.notice_text OR OLD.notice_audience IS DISTINCT FROM NEW.notice_audience OR OLD.notice_activates_on IS DISTINCT FROM NEW.notice_activates_on OR OLD.no_notice_reason IS DISTINCT FROM NEW.no_notice_reason OR OLD.ends_on IS DISTINCT FROM NEW.ends_on OR OLD.spend_limit IS DISTINCT FROM NEW.spend_limit))", func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='cec1e02fd1c9a9fae75564e86c6c4913e1db441d', operation='UPDATE', pgid='pgtrigger_gate_frozen_after_draft_8f489', table='capacity_gatepolicy', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='gatepolicy',
            trigger=pgtrigger.compiler.Trigger(name='gate_no_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='e5cb59bb38629bed4c9b6e96882326362c5ba7c8', operation='DELETE', pgid='pgtrigger_gate_no_delete_5182b', table='capacity_gatepolicy', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='gatepolicy',
            trigger=pgtrigger.compiler.Trigger(name='gate_no_truncate', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'table % takes no TRUNCATE', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';", hash='8cb94b661f7c64366b3b49c3c0935ca8c836aa7f', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_gate_no_truncate_88e51', table='capacity_gatepolicy', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='ceilingproposal',
            constraint=models.UniqueConstraint(fields=('policy', 'cause_key'), name='proposal_once_a_cause'),
        ),
        migrations.AddConstraint(
            model_name='ceilingproposal',
            constraint=models.CheckConstraint(condition=models.Q(('cause__in', ['quarter', 'rate_card', 'estimate'])), name='proposal_cause_known'),
        ),
        migrations.AddConstraint(
            model_name='ceilingproposal',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['open', 'accepted', 'refused', 'outdated'])), name='proposal_state_known'),
        ),
        migrations.AddConstraint(
            model_name='killswitch',
            constraint=models.UniqueConstraint(condition=models.Q(('lifted_at__isnull', True)), fields=('scope', 'target'), name='killswitch_one_standing'),
        ),
        migrations.AddConstraint(
            model_name='killswitch',
            constraint=models.CheckConstraint(condition=models.Q(('scope__in', ['workload', 'agent', 'department', 'all'])), name='killswitch_scope_known'),
        ),
        migrations.AddConstraint(
            model_name='killswitch',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('scope', capacity.enums.SwitchScope['ALL']), ('target', '')), models.Q(models.Q(('scope', capacity.enums.SwitchScope['ALL']), _negated=True), models.Q(('target', ''), _negated=True)), _connector='OR'), name='killswitch_names_its_target'),
        ),
        migrations.AddConstraint(
            model_name='meteredoptin',
            constraint=models.UniqueConstraint(condition=models.Q(('withdrawn_at__isnull', True)), fields=('workload', 'tier'), name='optin_one_standing'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='meteredoptin',
            trigger=pgtrigger.compiler.Trigger(name='optin_no_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='d3b2b086e0d3a089468c681e1133a4458228586a', operation='DELETE', pgid='pgtrigger_optin_no_delete_8a982', table='capacity_meteredoptin', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='meteredoptin',
            trigger=pgtrigger.compiler.Trigger(name='optin_no_truncate', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'table % takes no TRUNCATE', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';", hash='cf21157068b3f6cc392867911965ecd644f61f8f', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_optin_no_truncate_e0028', table='capacity_meteredoptin', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='gatetier',
            constraint=models.UniqueConstraint(fields=('policy', 'tier'), name='gatetier_once'),
        ),
        migrations.AddConstraint(
            model_name='gatetier',
            constraint=models.CheckConstraint(condition=models.Q(('tier__regex', '^[a-z][a-z0-9_]{0,59}$')), name='gatetier_code'),
        ),
        migrations.AddConstraint(
            model_name='gatetier',
            constraint=models.CheckConstraint(condition=models.Q(('overage__in', ['hard_cap', 'soft_cap', 'pay_as_you_go'])), name='gatetier_overage_known'),
        ),
        migrations.AddConstraint(
            model_name='gatetier',
            constraint=models.CheckConstraint(condition=models.Q(('ceiling_basis__in', ['fixed', 'estimate', 'money'])), name='gatetier_basis_known'),
        ),
        migrations.AddConstraint(
            model_name='gatetier',
            constraint=models.CheckConstraint(condition=models.Q(('ceiling_tokens__gte', 1), ('ceiling_tokens__lte', 1000000000000000)), name='gatetier_ceiling_in_range'),
        ),
        migrations.AddConstraint(
            model_name='gatetier',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('overage', workloads.enums.CostGate['PAY_AS_YOU_GO']), _negated=True), ('opt_in__isnull', False), _connector='OR'), name='gatetier_metered_is_opted_in'),
        ),
        migrations.AddConstraint(
            model_name='gatetier',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('ceiling_basis', capacity.enums.CeilingBasis['MONEY']), _negated=True), ('amount__gt', 0), _connector='OR'), name='gatetier_money_has_an_amount'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='gatetier',
            trigger=pgtrigger.compiler.Trigger(name='gatetier_frozen_with_its_gate', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n                    IF EXISTS (\n                        SELECT 1 FROM capacity_gatepolicy\n                        WHERE id = COALESCE(NEW.policy_id, OLD.policy_id)\n                        AND state <> 'draft'\n                    ) THEN\n                        RAISE EXCEPTION 'a tier changes with a draft of its gate only';\n                    END IF;\n                    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;\n                    RETURN NEW;\n                ", hash='388c3e9aa0a2fe66fd9efc4acacc40c22352e181', operation='INSERT OR UPDATE OR DELETE', pgid='pgtrigger_gatetier_frozen_with_its_gate_14747', table='capacity_gatetier', when='BEFORE')),
        ),
        migrations.AddIndex(
            model_name='reservation',
            index=models.Index(fields=['workload', 'user_ref', 'month'], name='reservation_of_counter'),
        ),
        migrations.AddIndex(
            model_name='reservation',
            index=models.Index(fields=['expires_at'], name='reservation_expiry'),
        ),
        migrations.AddConstraint(
            model_name='spendlimit',
            constraint=models.UniqueConstraint(condition=models.Q(('ended_at__isnull', True)), fields=('scope', 'target', 'period'), name='spendlimit_one_standing'),
        ),
        migrations.AddConstraint(
            model_name='spendlimit',
            constraint=models.CheckConstraint(condition=models.Q(('scope__in', ['workload', 'agent', 'department'])), name='spendlimit_scope_known'),
        ),
        migrations.AddConstraint(
            model_name='spendlimit',
            constraint=models.CheckConstraint(condition=models.Q(('period__in', ['day', 'month'])), name='spendlimit_period_known'),
        ),
        migrations.AddConstraint(
            model_name='spendlimit',
            constraint=models.CheckConstraint(condition=models.Q(('alert_at__gt', 0), ('alert_at__lte', 1), ('amount__gt', 0)), name='spendlimit_in_range'),
        ),
        migrations.AddConstraint(
            model_name='spendalert',
            constraint=models.UniqueConstraint(fields=('limit', 'starts_on', 'reached'), name='spendalert_once'),
        ),
        migrations.RunSQL(ENSURE_DECISIONS, DROP_ENSURE_DECISIONS),
        migrations.RunSQL(ENSURE_USAGE, migrations.RunSQL.noop),
        migrations.RunSQL(EPOCH, DROP_EPOCH),
    ]
