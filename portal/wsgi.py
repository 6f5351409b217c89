import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

# The Celery application must be the current one before a view asks for it.
import portal.celery  # noqa: F401

application = get_wsgi_application()
