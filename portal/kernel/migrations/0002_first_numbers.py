"""Version 1 of the numbers of the model: the defaults."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from portal.kernel import clock


def write_first_version(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("portal", "ModelNumbers").objects.create(
        version=1, changed_at=clock.now(), reason="The defaults."
    )


class Migration(migrations.Migration):
    dependencies = [("portal", "0001_initial")]

    operations = [
        migrations.RunPython(write_first_version, migrations.RunPython.noop),
    ]
