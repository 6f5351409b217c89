"""The product and its floors under one server, on the bench's database.

The server is given this module; the database's name comes in WEIGHBRIDGE_BENCH_DATABASE.
"""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

from django.conf import settings

settings.DATABASES["default"]["NAME"] = os.environ["WEIGHBRIDGE_BENCH_DATABASE"]
settings.ROOT_URLCONF = "governance.management.bench.urls"
# Plain names for static files: nothing needs to have been collected.
settings.STORAGES["staticfiles"] = {
    "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
}
# What is measured is the list, not the limit of calls a minute.
settings.API_RATE_LIMIT = 10_000_000

from portal.wsgi import application  # noqa: E402 - reads the settings changed above

__all__ = ["application"]
