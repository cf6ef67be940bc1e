"""Clients that were built for the release before still work: its document against the one of the
release under judgement.
"""

from __future__ import annotations

import pytest

from cutover.contract.compatibility import Compatibility
from cutover.matchers import sound

pytestmark = pytest.mark.plan("contract-compatibility")


def test_every_operation_is_still_there(compatibility: Compatibility) -> None:
    """A client asks where it always asked. Every operation of the release before is there."""
    sound(compatibility.operations())


def test_everything_that_was_sent_is_still_taken(compatibility: Compatibility) -> None:
    """A client sends what it always sent.

    Nothing more is required of it, and nothing that was taken is refused.
    """
    sound(compatibility.requests())


def test_everything_that_was_read_still_comes(compatibility: Compatibility) -> None:
    """A client reads what it always read.

    Every status, type, header and field of the release before still comes, and holds nothing
    unknown.
    """
    sound(compatibility.answers())
