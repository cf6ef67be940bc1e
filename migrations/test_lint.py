"""The scripts of the migration, checked without running them."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.database.rehearsal.script_lint import LintAssessments


@pytest.mark.plan("script-lint")
def test_no_pending_script_locks_people_out(lint: LintAssessments) -> None:
    """No pending script locks people out or breaks the running release.

    On a small copy every lock is short, so the statements are judged by their form. Exceptions
    are declared with a reason.
    """
    assert_passed(lint.assess_scripts())
