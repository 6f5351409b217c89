"""Pages that rest on derived usage say from what it was derived."""

from datetime import datetime
from types import SimpleNamespace

import pytest

from capacity.selectors.usage_source import DERIVED, derived_usage
from capacity.templatetags.usage_source import usage_source
from portal.kernel.services import audit

pytestmark = pytest.mark.django_db


def test_nothing_is_said_where_runtimes_sent_it(cast: SimpleNamespace) -> None:
    assert derived_usage() == usage_source() == ""


def test_the_newest_sentence_is_shown_as_text(
    cast: SimpleNamespace, now: datetime
) -> None:
    for reason in ("Drawn by hand.", "Derived from <calls>."):
        audit.record(DERIVED, "usage/demo", actor=None, now=now, reason=reason)

    assert derived_usage() == "Derived from <calls>."
    assert usage_source() == ('<p class="muted small">Derived from &lt;calls&gt;.</p>')
