"""Whoever writes usage may have its month made, without owning the tables."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("capacity", "0005_actuals_imports")]

    operations = [
        migrations.RunSQL(
            "ALTER FUNCTION capacity_ensure_usage_month(date) "
            "SECURITY DEFINER SET search_path = public, pg_temp",
            "ALTER FUNCTION capacity_ensure_usage_month(date) "
            "SECURITY INVOKER RESET search_path",
        )
    ]
