"""The truth table in the documentation is that of the code."""

from __future__ import annotations

from docs.generate import TRIGGERS
from docs.trigger_table import complete_triggers_page


def test_the_page_of_the_triggers_shows_the_table() -> None:
    page = TRIGGERS.read_text(encoding="utf-8")
    assert page == complete_triggers_page(page)
