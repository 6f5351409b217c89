import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

# The Celery application must be the current one before a view asks for it.
import portal.celery  # noqa: F401
from portal.chunked import with_length

application = with_length(get_wsgi_application())

# What start-up made lives as long as the process: the collector need not walk it again
# and again while a page of a hundred rows is built.
gc.collect()
gc.freeze()
gc.set_threshold(50_000, 20, 50)
