"""The product and its floors under one server, on the bench's database.

The server is given this module; the database's name comes in WEIGHBRIDGE_BENCH_DATABASE.
"""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

from django.conf import settings

from governance.management.bench.ground import stand_alone

settings.DATABASES["default"]["NAME"] = os.environ["WEIGHBRIDGE_BENCH_DATABASE"]
settings.ROOT_URLCONF = "governance.management.bench.urls"
stand_alone()

from portal.wsgi import application  # noqa: E402 - reads the settings changed above

__all__ = ["application"]
