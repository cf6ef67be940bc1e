"""The input of the run's process: its config, its tokens, and the connection that brings them.

The config is one line on standard input: a file or a command line would show it to others.
"""

from __future__ import annotations

import json
import os
import queue
import threading
import time
from collections.abc import Callable, MutableMapping
from dataclasses import asdict, dataclass, field
from math import inf
from typing import IO, Any

from cutover_gates.probes.api.fuzzing.declared_refusals import UNAUTHENTICATED

CONNECTION_HEADERS = frozenset(
    {
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Headers of one connection (RFC 9110, 7.6.1), and those that say where a message ends."""


@dataclass(frozen=True)
class FuzzProcessConfig:
    """The config of the process.

    `folder` holds the configuration and the document, and takes the report. `header` shows the
    token, `protected` are the operations that it is shown to. `accounts` are names that are never
    sent to the other operations, because a few wrong passwords lock an account. `reads_only`: only
    GET and HEAD leave the process, whatever its configuration says. `refusals` are the rules of
    `DeclaredRefusals`, as plain values.
    """

    folder: str
    root: str
    header: str
    protected: tuple[str, ...] = field(repr=False)
    accounts: tuple[str, ...]
    reads_only: bool
    refusals: tuple[tuple[object, ...], ...] = ()

    def to_line(self) -> bytes:
        """Return the line that `from_line` reads."""
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> FuzzProcessConfig:
        """Return the config in a line."""
        table: dict[str, Any] = json.loads(line)
        return cls(
            **{
                **table,
                "protected": tuple(table["protected"]),
                "accounts": tuple(table["accounts"]),
                "refusals": tuple(map(tuple, table["refusals"])),
            }
        )


CONFIG_FILE, DOCUMENT_FILE, REPORT_FILE = "schemathesis.toml", "openapi.json", "schemathesis.json"
"""The files in the folder."""


MAX_REJECTED_TOKENS = 3
"""Tokens in a row that may be refused."""


class TokenProvider:
    """The token that the run shows.

    `ask` gives one, and the seconds for which it is good (None: for ever). Another one is asked for
    when it has expired, and when it was refused: a run may sign itself out. After a few refusals no
    more are asked for, because the account may be locked out.

    `lockout_reason` says whether it is, or may be: what was refused meanwhile was refused as
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
        """Return the token, or a new one where it has expired or was refused."""
        if self._shown is None or self._clock() >= self._until:
            self._shown, seconds = self._ask()
            self._until = inf if seconds is None else self._clock() + seconds
        return self._shown

    def record_answer(self, shown: object, status: int, operation: str) -> None:
        """Take in the status of an answer to a request that showed a token."""
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
        elif len(self._where) > 1:  # a single operation may have its own reason to refuse
            self._shut_out = f"no token opened {' and '.join(sorted(self._where)[:2])}"

    @property
    def lockout_reason(self) -> str:
        """Return why the last requests prove nothing; empty if a token was accepted later."""
        if self._shut_out or self._refused <= MAX_REJECTED_TOKENS:
            return self._shut_out
        return f"no token opened {next(iter(self._where))}, up to the end"


class ParentConnection:
    """The connection to the process that started this one: notes go out, tokens come in."""

    def __init__(self, input_pipe: IO[bytes], output_pipe: IO[bytes]) -> None:
        self._input, self._output = input_pipe, output_pipe
        self._lock = threading.Lock()
        self._tokens: queue.Queue[dict[str, Any]] = queue.Queue()

    def listen(self) -> None:
        """Read tokens from now on, and end this process when standard input ends."""
        threading.Thread(target=self._read_tokens, daemon=True).start()

    def send_note(self, note: dict[str, Any]) -> None:
        """Write one note."""
        with self._lock:
            self._output.write(json.dumps(note).encode() + b"\n")
            self._output.flush()

    def request_token(self) -> tuple[str, float | None]:
        """Return a valid token, and for how many seconds it is good.

        Raises `PermissionError` where the account cannot sign in any more.
        """
        self.send_note({"kind": "token"})
        answer = self._tokens.get()
        if "token" not in answer:
            raise PermissionError(answer["refused"])
        return answer["token"], answer["seconds"]

    def _read_tokens(self) -> None:
        for line in self._input:
            self._tokens.put(json.loads(line))
        os._exit(1)


def mask_account_names(value: Any, accounts: frozenset[str]) -> Any:
    """Return a body without the names of these accounts.

    schemathesis learns names from answers, and would try passwords for them.
    """
    if isinstance(value, dict):
        return {name: mask_account_names(inner, accounts) for name, inner in value.items()}
    if isinstance(value, list):
        return [mask_account_names(inner, accounts) for inner in value]
    if isinstance(value, str) and value.strip().casefold() in accounts:
        return f"{value}-nobody"
    return value


def drop_connection_headers(headers: MutableMapping[str, str]) -> None:
    """Remove generated headers that belong to the connection, and not to the API.

    A server's parser refuses a wrong one before the application sees the request.
    """
    for name in [each for each in headers if each.lower() in CONNECTION_HEADERS]:
        del headers[name]
