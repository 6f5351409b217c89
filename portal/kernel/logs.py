"""What every process logs, and how: JSON lines on standard error."""

import logging
from typing import Any

from portal.kernel.origin import current_origin


class RequestIdFilter(logging.Filter):
    """Gives every log line the id under which the caller can name it."""

    def filter(self, record: logging.LogRecord) -> bool:
        origin = current_origin()
        record.request_id = origin.request_id if origin is not None else ""
        return True


# The setting of that name.
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request_id": {"()": "portal.kernel.logs.RequestIdFilter"}},
    "formatters": {
        "json": {
            "()": "pythonjsonlogger.json.JsonFormatter",
            "format": "{asctime}{levelname}{name}{message}{request_id}",
            "style": "{",
            "rename_fields": {"asctime": "at", "levelname": "level", "name": "logger"},
        }
    },
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": "json",
            "filters": ["request_id"],
        }
    },
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        # The root handler writes them; Django's own handlers would write them again.
        "django": {"handlers": [], "propagate": True},
        "django.server": {"handlers": [], "propagate": True},
        # It tells of every sign-in; the audit trail does that.
        "axes": {"level": "WARNING"},
    },
}
