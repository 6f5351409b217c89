"""What product and floor stand on alike, so that neither depends on what else runs."""

from django.conf import settings


def stand_alone() -> None:
    """Plain static names and a cache in the process; before either is first used."""
    settings.STORAGES["staticfiles"] = {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
    }
    settings.CACHES["default"] = {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache"
    }
    # What is measured is the list, not the limit of calls a minute.
    settings.API_RATE_LIMIT = 10_000_000
