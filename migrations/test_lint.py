"""What can be read off the scripts without running them."""

from __future__ import annotations

import pytest

from cutover.database.rehearsal import Lint
from cutover.matchers import sound


@pytest.mark.plan("script-lint")
def test_no_pending_script_locks_people_out(lint: Lint) -> None:
    """On a small copy every lock is short.

    What locks out people or breaks the running release is found by its form, and excused by name.
    """
    sound(lint.harms_nobody())
