import logging

from portal.kernel.origin import current_origin


class RequestIdFilter(logging.Filter):
    """Gives every log line the id under which the caller can name it."""

    def filter(self, record: logging.LogRecord) -> bool:
        origin = current_origin()
        record.request_id = origin.request_id if origin is not None else ""
        return True
