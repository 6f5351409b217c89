"""The usage tables as the admin reads them: views whose rows have one key of text."""

from django.db import migrations, models

# The columns of the table's own key, as JSON: unambiguous, whatever a name contains.
VIEWS = """
CREATE VIEW capacity_usagebyday AS
SELECT json_build_array(day, workload_id, tier, user_ref, model)::text AS key, day,
    workload_id, tier, user_ref, model, calls, sessions, turns, retries, tool_calls,
    input_tokens, cached_input_tokens, output_tokens
FROM capacity_usageday;

CREATE VIEW capacity_usagebyhour AS
SELECT json_build_array(day, workload_id, hour)::text AS key, day, workload_id, hour,
    sessions, calls
FROM capacity_usagehour;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('capacity', '0006_usage_months_by_the_owner'),
    ]

    operations = [
        migrations.RunSQL(
            VIEWS, "DROP VIEW capacity_usagebyhour; DROP VIEW capacity_usagebyday;"
        ),
        migrations.CreateModel(
            name='UsageByDay',
            fields=[
                ('key', models.TextField(primary_key=True, serialize=False)),
                ('day', models.DateField(help_text="In the organisation's time zone.")),
                ('tier', models.CharField(max_length=60)),
                ('user_ref', models.CharField(help_text='Opaque.', max_length=100, verbose_name='user')),
                ('model', models.CharField(max_length=100)),
                ('calls', models.PositiveBigIntegerField()),
                ('sessions', models.PositiveBigIntegerField()),
                ('turns', models.PositiveBigIntegerField()),
                ('retries', models.PositiveBigIntegerField()),
                ('tool_calls', models.PositiveBigIntegerField()),
                ('input_tokens', models.PositiveBigIntegerField()),
                ('cached_input_tokens', models.PositiveBigIntegerField()),
                ('output_tokens', models.PositiveBigIntegerField()),
            ],
            options={
                'verbose_name': 'usage of a day',
                'verbose_name_plural': 'usage by day',
                'managed': False,
            },
        ),
        migrations.CreateModel(
            name='UsageByHour',
            fields=[
                ('key', models.TextField(primary_key=True, serialize=False)),
                ('day', models.DateField()),
                ('hour', models.PositiveSmallIntegerField(help_text='0 to 23.')),
                ('sessions', models.PositiveBigIntegerField()),
                ('calls', models.PositiveBigIntegerField()),
            ],
            options={
                'verbose_name': 'usage of an hour',
                'verbose_name_plural': 'usage by hour',
                'managed': False,
            },
        ),
        migrations.AlterModelOptions(
            name='usageday',
            options={'verbose_name': "sum of a day's usage", 'verbose_name_plural': 'sums of usage by day'},
        ),
        migrations.AlterModelOptions(
            name='usagehour',
            options={'verbose_name': "sum of an hour's usage", 'verbose_name_plural': 'sums of usage by hour'},
        ),
    ]
