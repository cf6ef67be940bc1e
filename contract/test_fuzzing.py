"""The API's promises, tried out: every operation is asked in many ways, also odd ones, and answers
as the document says.
"""

from __future__ import annotations

import pytest

from cutover.contract.fuzzing import Fuzzing
from cutover.matchers import sound

pytestmark = pytest.mark.plan("contract-fuzzing")


def test_everything_is_asked_that_was_meant_to_be(fuzzing: Fuzzing) -> None:
    """What was not asked is not known.

    The run came to its end, with a token that was good to the last, and every accepted finding is
    still there.
    """
    sound(fuzzing.run())


def test_an_operation_keeps_its_promises(fuzzing: Fuzzing, tried_operation: str) -> None:
    """A document is a promise.

    Whatever an operation is sent, it answers as documented: status, type, headers and body; it
    takes what it should take, refuses what it should refuse, and never fails inside.
    """
    sound(fuzzing.operation(tried_operation))
