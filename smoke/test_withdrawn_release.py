"""After a rollback: what the watcher saw of the release that was taken back."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.watch.release_withdrawal import WithdrawalAssessment


@pytest.mark.plan("previous-version")
def test_the_release_that_was_taken_back_answers_nothing_any_more(
    withdrawal: WithdrawalAssessment,
) -> None:
    """Nothing of the release that was taken back answers after the rollback.

    An instance that was left, or that comes back at the next scaling, answers now and then.
    """
    assert_passed(withdrawal.assess())
