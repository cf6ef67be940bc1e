"""The scripts of the migration, checked without running them."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.database.rehearsal.contraction import ContractionAssessments
from cutover_gates.probes.database.rehearsal.script_lint import LintAssessments


@pytest.mark.plan("script-lint")
def test_no_pending_script_locks_people_out(lint: LintAssessments) -> None:
    """No pending script locks people out or breaks the running release.

    On a small copy every lock is short, so the statements are judged by their form. Exceptions
    are declared with a reason.
    """
    assert_passed(lint.assess_scripts())


@pytest.mark.plan("script-lint")
def test_no_script_of_the_night_takes_away_what_the_release_before_uses(
    contraction: ContractionAssessments,
) -> None:
    """No script of the night takes away what the release before uses.

    Each script runs on an empty database. A column that is dropped, renamed, of another type or
    now required is named: the release before still runs, and comes back in a rollback.
    """
    assert_passed(contraction.assess_night())
