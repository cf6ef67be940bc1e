"""A question that is asked again and again while something else happens."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

PAUSE_SECONDS = 0.2
"""Seconds between an answer and the next question of its lane."""
STAGGER_SECONDS = 0.05
"""Seconds between the starts of two lanes."""


@dataclass(frozen=True)
class Reply:
    """One answer: when it was asked for and there (`time.monotonic()`), and what was wrong with it.

    `problem` is empty where nothing is wrong.
    """

    asked: float
    answered: float
    problem: str


@dataclass
class QuestionStream:
    """A question, asked in `lanes` at a time within `ask_continuously`.

    `ask` returns what is wrong, and never raises. `replies` only grows.
    """

    ask: Callable[[], str]
    lanes: int = 1
    replies: list[Reply] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    def replies_since(self, moment: float) -> list[Reply]:
        """Return the replies to what was asked from that moment on."""
        # A copy, since the lanes go on adding.
        return [reply for reply in list(self.replies) if reply.asked >= moment]

    def problems_since(self, moment: float) -> list[str]:
        """Return the problems of what was asked from that moment on; empty ones, too."""
        return [reply.problem for reply in self.replies_since(moment)]

    @contextmanager
    def ask_continuously(self) -> Iterator[None]:
        """Ask until the block ends, and wait for the answers that are then still missing."""
        threads = [
            threading.Thread(target=self._ask_until_stop, daemon=True, name="question-stream")
            for _ in range(self.lanes)
        ]
        for number, thread in enumerate(threads):
            # Not all at once: then one of them asks soon after whatever happens.
            time.sleep(STAGGER_SECONDS if number else 0)
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()

    def _ask_until_stop(self) -> None:
        while not self._stop.wait(PAUSE_SECONDS):
            asked = time.monotonic()
            problem = self.ask()
            self.replies.append(Reply(asked, time.monotonic(), problem))


@contextmanager
def ask_all(streams: list[QuestionStream]) -> Iterator[None]:
    """Ask the questions of all streams until the block ends."""
    with ExitStack() as stack:
        for stream in streams:
            stack.enter_context(stream.ask_continuously())
        yield
