"""What can be read off the scripts without running them."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.database.rehearsal.script_lint import LintAssessments


@pytest.mark.plan("script-lint")
def test_no_pending_script_locks_people_out(lint: LintAssessments) -> None:
    """On a small copy every lock is short.

    What locks out people or breaks the running release is found by its form, and excused by name.
    """
    assert_passed(lint.assess_scripts())
