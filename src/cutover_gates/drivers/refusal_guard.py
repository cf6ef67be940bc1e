"""The guard around a hospital's own driver on production: its refusals keep no free text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar, cast

from cutover_gates.core.evidence.refusal_text import describe_refusal_kind
from cutover_gates.drivers.driver_wrapper import DriverWrapper
from cutover_gates.hospital import Answer, Rejected

T = TypeVar("T")


class RefusalGuard(DriverWrapper):
    """Replaces the message of each `Rejected` by the kind of the refusal, and marks each answer.

    The shipped drivers leave the text out themselves. An own driver cannot know of the rule.
    """

    def perform(self, operation: str, act: Callable[[], T]) -> T:  # noqa: ARG002  # of the base
        """Run one operation. Raises `Rejected` without the target's free text."""
        try:
            result = act()
        except Rejected as rejection:
            answer = replace(rejection.answer, withholds_text=True)
            kind = describe_refusal_kind(answer.json, answer.media_type)
            # Outside of the chain, too: pytest prints the error before.
            raise Rejected(rejection.reason, kind, answer) from None
        if isinstance(result, Answer):
            return cast("T", replace(result, withholds_text=True))
        return result
