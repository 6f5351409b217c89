"""Webhooks, and the channel by which they leave."""

import django.contrib.postgres.fields
import django.db.models.deletion
import portal.kernel.enums
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('portal', '0005_numbers_of_gates'),
    ]

    operations = [
        migrations.CreateModel(
            name='WebhookDelivery',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('event_id', models.CharField(help_text='The header webhook-id; the same at every try.', max_length=40)),
                ('kind', models.CharField(max_length=60)),
                ('body', models.TextField()),
                ('created_at', models.DateTimeField()),
                ('delivered_at', models.DateTimeField(blank=True, null=True)),
                ('tries', models.JSONField(default=list, help_text='[{at, status, error, milliseconds}], oldest first.')),
            ],
            options={
                'verbose_name': 'delivery of a webhook',
                'verbose_name_plural': 'deliveries of webhooks',
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='WebhookSubscription',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('url', models.CharField(max_length=500)),
                ('description', models.CharField(blank=True, max_length=200)),
                ('kinds', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=60), size=None)),
                ('salt', models.CharField(max_length=64)),
                ('fingerprint', models.CharField(max_length=16)),
                ('is_active', models.BooleanField(default=True)),
                ('created_at', models.DateTimeField()),
                ('version', models.PositiveIntegerField(default=1)),
                ('paused_until', models.DateTimeField(blank=True, help_text='After a failure nothing is sent before; the others wait too.', null=True)),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'verbose_name': 'webhook',
                'ordering': ['id'],
            },
        ),
        migrations.RemoveConstraint(
            model_name='outboxmessage',
            name='outbox_channel_is_known',
        ),
        migrations.AlterField(
            model_name='outboxmessage',
            name='channel',
            field=models.CharField(choices=[(portal.kernel.enums.Channel['MAIL'], portal.kernel.enums.Channel['MAIL']), (portal.kernel.enums.Channel['TASK'], portal.kernel.enums.Channel['TASK']), (portal.kernel.enums.Channel['WEBHOOK'], portal.kernel.enums.Channel['WEBHOOK'])], max_length=16),
        ),
        migrations.AddConstraint(
            model_name='outboxmessage',
            constraint=models.CheckConstraint(condition=models.Q(('channel__in', ['mail', 'task', 'webhook'])), name='outbox_channel_is_known'),
        ),
        migrations.AddField(
            model_name='webhookdelivery',
            name='message',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='portal.outboxmessage'),
        ),
        migrations.AddField(
            model_name='webhooksubscription',
            name='created_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='webhookdelivery',
            name='subscription',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='deliveries', to='portal.webhooksubscription'),
        ),
        migrations.AddConstraint(
            model_name='webhooksubscription',
            constraint=models.CheckConstraint(condition=models.Q(('kinds__contained_by', ['workload.transitioned', 'signoff.given', 'gate.activated', 'kill_switch.changed', 'gate.threshold', 'decision.recorded', 'antipattern.detected', 'recalibration.finished']), ('kinds__len__gt', 0)), name='webhook_kinds_are_known'),
        ),
        migrations.AddConstraint(
            model_name='webhookdelivery',
            constraint=models.UniqueConstraint(fields=('subscription', 'event_id'), name='webhook_event_once'),
        ),
    ]
