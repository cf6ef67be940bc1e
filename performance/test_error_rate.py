"""Errors: how many of the requests fail under load."""

from __future__ import annotations

import pytest

from cutover.load.questions import Load
from cutover.matchers import sound


@pytest.mark.plan("error-rate")
def test_fewer_requests_fail_than_the_plan_allows(load: Load) -> None:
    """The plan allows less than one in a thousand.

    A refusal, no answer, and a wrong answer with the right status are all failures.
    """
    sound(load.error_rate())
