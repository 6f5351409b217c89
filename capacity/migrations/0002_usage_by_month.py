"""Usage aggregates, partitioned by month: old months are detached, not deleted row by row."""

import django.db.models.deletion
from django.db import migrations, models

TABLES = """
CREATE TABLE capacity_usageday (
    day date NOT NULL,
    workload_id bigint NOT NULL REFERENCES workloads_workload (id),
    tier varchar(60) NOT NULL,
    user_ref varchar(100) NOT NULL,
    model varchar(100) NOT NULL,
    calls bigint NOT NULL DEFAULT 0 CHECK (calls >= 0),
    sessions bigint NOT NULL DEFAULT 0 CHECK (sessions >= 0),
    turns bigint NOT NULL DEFAULT 0 CHECK (turns >= 0),
    retries bigint NOT NULL DEFAULT 0 CHECK (retries >= 0),
    tool_calls bigint NOT NULL DEFAULT 0 CHECK (tool_calls >= 0),
    input_tokens bigint NOT NULL DEFAULT 0 CHECK (input_tokens >= 0),
    cached_input_tokens bigint NOT NULL DEFAULT 0
        CHECK (cached_input_tokens BETWEEN 0 AND input_tokens),
    output_tokens bigint NOT NULL DEFAULT 0 CHECK (output_tokens >= 0),
    PRIMARY KEY (day, workload_id, tier, user_ref, model)
) PARTITION BY RANGE (day);

CREATE TABLE capacity_usagehour (
    day date NOT NULL,
    workload_id bigint NOT NULL REFERENCES workloads_workload (id),
    hour smallint NOT NULL CHECK (hour BETWEEN 0 AND 23),
    sessions bigint NOT NULL DEFAULT 0 CHECK (sessions >= 0),
    calls bigint NOT NULL DEFAULT 0 CHECK (calls >= 0),
    PRIMARY KEY (day, workload_id, hour)
) PARTITION BY RANGE (day);
"""

# A month's partitions, made when its first usage comes; two at once make one.
ENSURE = """
CREATE FUNCTION capacity_ensure_usage_month(some_day date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    first_day date := date_trunc('month', some_day)::date;
    next_first date := (date_trunc('month', some_day) + interval '1 month')::date;
    stem text;
    partition text;
BEGIN
    FOREACH stem IN ARRAY ARRAY['capacity_usageday', 'capacity_usagehour'] LOOP
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


class Migration(migrations.Migration):
    dependencies = [
        ("capacity", "0001_initial"),
        ("workloads", "0005_sheets_have_their_time"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    TABLES, "DROP TABLE capacity_usagehour; DROP TABLE capacity_usageday;"
                )
            ],
            # Django knows the tables, and makes none: it has no word for partitions.
            state_operations=[
        migrations.CreateModel(
            name='UsageDay',
            fields=[
                ('pk', models.CompositePrimaryKey('day', 'workload_id', 'tier', 'user_ref', 'model', blank=True, editable=False, primary_key=True, serialize=False)),
                ('day', models.DateField(help_text="In the organisation's time zone.")),
                ('tier', models.CharField(max_length=60)),
                ('user_ref', models.CharField(help_text='Opaque, hashed on its way in.', max_length=100)),
                ('model', models.CharField(max_length=100)),
                ('calls', models.PositiveBigIntegerField(default=0)),
                ('sessions', models.PositiveBigIntegerField(default=0)),
                ('turns', models.PositiveBigIntegerField(default=0)),
                ('retries', models.PositiveBigIntegerField(default=0)),
                ('tool_calls', models.PositiveBigIntegerField(default=0)),
                ('input_tokens', models.PositiveBigIntegerField(default=0)),
                ('cached_input_tokens', models.PositiveBigIntegerField(default=0)),
                ('output_tokens', models.PositiveBigIntegerField(default=0)),
                ('workload', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='workloads.workload')),
            ],
            options={
                'verbose_name': 'usage of a day',
                'verbose_name_plural': 'usage by day',
            },
        ),
        migrations.CreateModel(
            name='UsageHour',
            fields=[
                ('pk', models.CompositePrimaryKey('day', 'workload_id', 'hour', blank=True, editable=False, primary_key=True, serialize=False)),
                ('day', models.DateField()),
                ('hour', models.PositiveSmallIntegerField(help_text='0 to 23.')),
                ('sessions', models.PositiveBigIntegerField(default=0)),
                ('calls', models.PositiveBigIntegerField(default=0)),
                ('workload', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='workloads.workload')),
            ],
            options={
                'verbose_name': 'usage of an hour',
                'verbose_name_plural': 'usage by hour',
            },
        ),
            ],
        ),
        migrations.RunSQL(
            ENSURE, "DROP FUNCTION capacity_ensure_usage_month(date);"
        ),
    ]
