from django.db import migrations, models


class Migration(migrations.Migration):
    """What a quarter's reserve was sized on: a rebalancing moves the ratio alone."""

    dependencies = [
        ('capacity', '0003_recalibration_budgets'),
    ]

    operations = [
        migrations.AddField(
            model_name='reservesize',
            name='tokens_cost',
            field=models.DecimalField(decimal_places=2, default=0, help_text="The quarter's tokens that it was first sized on.", max_digits=16),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='reservesize',
            name='compute_cost',
            field=models.DecimalField(decimal_places=2, default=0, help_text="The quarter's compute that it was first sized on.", max_digits=16),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='reservesize',
            name='ops_cost',
            field=models.DecimalField(decimal_places=2, default=0, help_text="The quarter's ops hours that it was first sized on.", max_digits=16),
            preserve_default=False,
        ),
        migrations.AddConstraint(
            model_name='reservesize',
            constraint=models.CheckConstraint(condition=models.Q(('tokens_cost__gte', 0), ('tokens_cost__isnull', True), _connector='OR'), name='reserve_tokens_cost_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='reservesize',
            constraint=models.CheckConstraint(condition=models.Q(('compute_cost__gte', 0), ('compute_cost__isnull', True), _connector='OR'), name='reserve_compute_cost_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='reservesize',
            constraint=models.CheckConstraint(condition=models.Q(('ops_cost__gte', 0), ('ops_cost__isnull', True), _connector='OR'), name='reserve_ops_cost_not_negative'),
        ),
    ]
