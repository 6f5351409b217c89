"""Counters and events as the admin reads them: views whose rows have one key of text."""

from django.db import migrations, models

VIEWS = """
CREATE VIEW capacity_counterbykey AS
SELECT json_build_array(workload_id, user_hash, month, test)::text AS key, user_hash,
    workload_id, user_ref, month, test, settled, reserved, spoken
FROM capacity_usercounter,
    -- An address of a page names nobody.
    LATERAL encode(sha256(convert_to(user_ref, 'UTF8')), 'hex') AS user_hash;

CREATE VIEW capacity_spendbykey AS
SELECT json_build_array(scope, target, period, starts_on)::text AS key, scope, target,
    period, starts_on, settled, reserved
FROM capacity_spendcounter;

CREATE VIEW capacity_eventbykey AS
SELECT json_build_array(workload_id, at, key)::text AS key, key AS event_key, day, at,
    received_at, source, event_id, workload_id, tier, user_ref, agent, account, model,
    trace_id, calls, decided_calls, unreachable_calls, input_tokens, cached_input_tokens,
    output_tokens, decision, billable_tokens, cost, test
FROM capacity_usageevent;
"""
DROP_VIEWS = """
DROP VIEW capacity_eventbykey;
DROP VIEW capacity_spendbykey;
DROP VIEW capacity_counterbykey;
"""


class Migration(migrations.Migration):

    dependencies = [("capacity", "0011_gate_guards")]

    operations = [
        migrations.RunSQL(VIEWS, DROP_VIEWS),
        migrations.CreateModel(
            name='CounterByKey',
            fields=[
                ('key', models.TextField(primary_key=True, serialize=False)),
                ('user_hash', models.TextField()),
                ('user_ref', models.CharField(max_length=100, verbose_name='user')),
                ('month', models.DateField()),
                ('test', models.BooleanField()),
                ('settled', models.PositiveBigIntegerField(help_text='Tokens that were used.')),
                ('reserved', models.PositiveBigIntegerField(help_text='Tokens of calls in flight.')),
                ('spoken', models.JSONField(help_text='Levels that were said or passed, by tier.')),
            ],
            options={
                'verbose_name': 'counter',
                'managed': False,
            },
        ),
        migrations.CreateModel(
            name='EventByKey',
            fields=[
                ('key', models.TextField(primary_key=True, serialize=False)),
                ('event_key', models.UUIDField()),
                ('day', models.DateField(help_text="On the organisation's clock.")),
                ('at', models.DateTimeField(help_text="The event's own time.")),
                ('received_at', models.DateTimeField()),
                ('source', models.CharField(max_length=200)),
                ('event_id', models.CharField(max_length=200)),
                ('tier', models.CharField(max_length=60)),
                ('user_ref', models.CharField(max_length=100, verbose_name='user')),
                ('agent', models.CharField(max_length=200)),
                ('account', models.CharField(max_length=100)),
                ('model', models.CharField(max_length=100)),
                ('trace_id', models.CharField(max_length=200)),
                ('calls', models.PositiveBigIntegerField()),
                ('decided_calls', models.PositiveBigIntegerField()),
                ('unreachable_calls', models.PositiveBigIntegerField()),
                ('input_tokens', models.PositiveBigIntegerField()),
                ('cached_input_tokens', models.PositiveBigIntegerField()),
                ('output_tokens', models.PositiveBigIntegerField()),
                ('decision', models.UUIDField(null=True)),
                ('billable_tokens', models.PositiveBigIntegerField()),
                ('cost', models.DecimalField(decimal_places=12, max_digits=30, null=True)),
                ('test', models.BooleanField()),
            ],
            options={
                'verbose_name': 'reported event',
                'managed': False,
            },
        ),
        migrations.CreateModel(
            name='SpendByKey',
            fields=[
                ('key', models.TextField(primary_key=True, serialize=False)),
                ('scope', models.CharField(max_length=10)),
                ('target', models.CharField(max_length=200)),
                ('period', models.CharField(max_length=5)),
                ('starts_on', models.DateField()),
                ('settled', models.DecimalField(decimal_places=12, max_digits=30)),
                ('reserved', models.DecimalField(decimal_places=12, max_digits=30)),
            ],
            options={
                'verbose_name': 'money counter',
                'managed': False,
            },
        ),
    ]
