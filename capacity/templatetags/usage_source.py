"""`{% load usage_source %}{% usage_source %}`: under figures that rest on usage."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from capacity.selectors.usage_source import derived_usage

register = template.Library()


@register.simple_tag
def usage_source() -> SafeString | str:
    """A line that says from what usage was derived; nothing where runtimes sent it."""
    said = derived_usage()
    return format_html('<p class="muted small">{}</p>', said) if said else ""
