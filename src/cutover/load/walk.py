"""Measures what a journey asks: each request from the moment at which it was due, to the moment at
which its answer had been read.

A journey's first request is due when its arrival is; each further one when its person has thought
long enough after the answer before (a partly open model: Schroeder, Wierman, Harchol-Balter, "Open
Versus Closed: A Cautionary Tale", NSDI 2006).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol, cast

from cutover.hospital import (
    Hospital,
    MappingError,
    Misbehaved,
    Move,
    NotOffered,
    Refused,
    Unreachable,
)
from cutover.load.samples import Ending


class JourneyEnds(Exception):
    """A request did not go well (and is in the log as such), so there is nothing to go on with."""


class Keep(Protocol):
    """Where a finished request goes. Times are seconds as in `samples.RECORD`."""

    def __call__(
        self,
        operation: str,
        due: float,
        late: float,
        took: float,
        ending: Ending,
        status: int,
        trouble: str,
    ) -> None: ...


class Walk:
    """One journey under way.

    The clock and the pause are the process's; `think` gives the seconds of the next pause.
    """

    def __init__(
        self,
        due: float,
        clock: Callable[[], float],
        pause: Callable[[float], None],
        think: Callable[[], float],
        keep: Keep,
    ) -> None:
        self.due, self._clock, self._pause, self._think, self._keep = due, clock, pause, think, keep
        self._open: tuple[str, float, float, float] | None = None
        self._asking: tuple[str, float] | None = None
        self._over = False

    def think(self) -> None:
        """The last answer was as it should be; then think."""
        self.settle()
        self.due = self._clock() + self._think()
        self._pause(self.due - self._clock())

    def do(self, name: str, act: Callable[..., Any], *words: Any, **named: Any) -> Any:
        """Do one operation and measure it.

        Raises `JourneyEnds` when it did not go well, or the run is over.
        """
        if self._over:
            raise JourneyEnds
        self.settle()
        operation = next((word.value for word in words if isinstance(word, Move)), name)
        sent = self._clock()
        self._asking = (operation, sent)
        try:
            result = act(*words, **named)
        except NotOffered:
            raise
        except (Refused, Misbehaved, MappingError, OSError, TimeoutError) as error:
            ended = self._clock()
            status = error.answer.status if isinstance(error, Refused) else 0
            self._keep(
                operation,
                self.due,
                sent - self.due,
                ended - self.due,
                _ending(error),
                status,
                str(error),
            )
            raise JourneyEnds from None
        finally:
            self._asking = None
        ended = self._clock()
        self._open = (operation, self.due, sent - self.due, ended - self.due)
        self.due = ended
        return result

    def settle(self, wrong: str = "") -> None:
        """Keep the request that was answered last: well, or with a wrong answer."""
        if self._open is not None:
            operation, due, late, took = self._open
            self._open = None
            self._keep(operation, due, late, took, Ending.WRONG if wrong else Ending.WELL, 0, wrong)

    def cut(self) -> None:
        """The run is over: what waits for its answer has waited so long, and nothing more is asked
        or kept.
        """
        self.settle()
        if self._asking is not None:
            operation, sent = self._asking
            self._keep(
                operation, self.due, sent - self.due, self._clock() - self.due, Ending.CUT, 0, ""
            )
        self._over, self._keep = True, _forget


def _forget(
    operation: str, due: float, late: float, took: float, ending: Ending, status: int, trouble: str
) -> None:
    """Where what ends after the run goes."""


def _ending(error: BaseException) -> Ending:
    if isinstance(error, Unreachable | OSError):
        return Ending.NO_ANSWER
    return Ending.REFUSED if isinstance(error, Refused) else Ending.WRONG


class _Measured:
    """A `Hospital` of which every operation is done by a walk."""

    def __init__(self, hospital: Hospital, walk: Walk) -> None:
        self._hospital, self._walk = hospital, walk

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return partial(self._walk.do, name, getattr(self._hospital, name))


def measured(hospital: Hospital, walk: Walk) -> Hospital:
    """The hospital, measured by `walk`."""
    return cast(Hospital, _Measured(hospital, walk))
