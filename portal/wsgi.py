import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

# The Celery application must be the current one before a view asks for it.
import portal.celery  # noqa: F401
from portal.chunked import with_length

application = with_length(get_wsgi_application())
