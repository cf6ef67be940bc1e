"""Acts that must be refused, and acts at the same moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Barrier
from typing import TypeVar

from cutover.hospital import Answer, Reason, Refused

T = TypeVar("T")


@dataclass
class Told:
    """What a target said when it refused. Empty until the `with` block of `refused` ends."""

    refusal: Refused | None = None

    @property
    def answer(self) -> Answer:
        """The refusal as it came. Only after the `with` block."""
        if self.refusal is None:
            raise RuntimeError(
                "nothing was refused yet: look at the refusal after the with block, not in it"
            )
        return self.refusal.answer


@contextmanager
def refused(*reasons: Reason, doing: str = "") -> Iterator[Told]:
    """The block's act must be refused, for one of `reasons`.

    What the target said is in the value of the `with`, for a further look.

    `doing` says what is tried, where the act itself does not show it: the size of a file, the
    number of an attempt.
    """
    told = Told()
    expected = " or ".join(reason.value for reason in reasons) + (
        f", when trying {doing}" if doing else ""
    )
    try:
        yield told
    except Refused as refusal:
        if refusal.reason not in reasons:
            raise AssertionError(
                f"expected: refused as {expected}\ncame:     refused as {refusal}"
            ) from None
        told.refusal = refusal
    else:
        raise AssertionError(f"expected: refused as {expected}\ncame:     the target did it")


def at_once(*acts: Callable[[], T]) -> list[T | Refused]:
    """Do all acts at the same moment, each in a thread of its own.

    Returns what each gave, or how it was refused, in their order. Any other error is raised.
    """
    start = Barrier(len(acts))

    def act_now(act: Callable[[], T]) -> T | Refused:
        start.wait()
        try:
            return act()
        except Refused as refusal:
            return refusal

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(act_now, acts))
