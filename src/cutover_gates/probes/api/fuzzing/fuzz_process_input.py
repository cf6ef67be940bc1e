"""What the run's process is told, as one line on its standard input: a file or a command line would
show it to others.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from math import inf
from typing import Any


@dataclass(frozen=True)
class FuzzProcessConfig:
    """`folder` holds the configuration and the document, and takes the report.

    `header`: what the token is shown in. `protected`: the operations that it is shown to.
    `accounts`: names that are never sent to the others, for a few wrong passwords lock an account.
    `reads_only`: nothing but GET and HEAD leaves the process, whatever its configuration says.
    """

    folder: str
    root: str
    header: str
    protected: tuple[str, ...] = field(repr=False)
    accounts: tuple[str, ...]
    reads_only: bool

    def to_line(self) -> bytes:
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> FuzzProcessConfig:
        table: dict[str, Any] = json.loads(line)
        return cls(
            **{
                **table,
                "protected": tuple(table["protected"]),
                "accounts": tuple(table["accounts"]),
            }
        )


CONFIG_FILE, DOCUMENT_FILE, REPORT_FILE = "schemathesis.toml", "openapi.json", "schemathesis.json"
"""The files in the folder."""


UNAUTHENTICATED = 401
MAX_REJECTED_TOKENS = 3
"""So many tokens in a row may be refused."""


class TokenProvider:
    """The token that is shown.

    `ask` gives one, and the seconds for which it is good (None: for ever). Then another is asked
    for, and where it is refused: a run may sign itself out. Not for ever: an account may be shut
    out.

    `lockout_reason` says whether it was, or may have been: what was refused meanwhile was refused as
    documented, and proves nothing.
    """

    def __init__(
        self,
        ask: Callable[[], tuple[str, float | None]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ask, self._clock = ask, clock
        self._until = inf
        self._shown: str | None = None
        self._refused = 0
        self._where: set[str] = set()
        self._shut_out = ""

    def get_token(self) -> str:
        if self._shown is None or self._clock() >= self._until:
            self._shown, seconds = self._ask()
            self._until = inf if seconds is None else self._clock() + seconds
        return self._shown

    def record_answer(self, shown: object, status: int, operation: str) -> None:
        """What came of showing it."""
        if shown is None or shown != self._shown:
            return
        if status != UNAUTHENTICATED:
            self._refused = 0
            self._where.clear()
            return
        self._refused += 1
        self._where.add(operation)
        if self._refused <= MAX_REJECTED_TOKENS:
            self._shown = None
        elif len(self._where) > 1:  # one alone may have its own reason to say so
            self._shut_out = f"no token opened {' and '.join(sorted(self._where)[:2])}"

    @property
    def lockout_reason(self) -> str:
        """Why what the run asked last, or for a while, says nothing; empty where every refusal was
        followed by a welcome.
        """
        if self._shut_out or self._refused <= MAX_REJECTED_TOKENS:
            return self._shut_out
        return f"no token opened {next(iter(self._where))}, up to the end"


def mask_account_names(value: Any, accounts: frozenset[str]) -> Any:
    """A body in which nobody is called like one of these accounts: schemathesis learns names from
    answers, and would try passwords for them.
    """
    if isinstance(value, dict):
        return {name: mask_account_names(inner, accounts) for name, inner in value.items()}
    if isinstance(value, list):
        return [mask_account_names(inner, accounts) for inner in value]
    return (
        f"{value}-nobody"
        if isinstance(value, str) and value.strip().casefold() in accounts
        else value
    )
