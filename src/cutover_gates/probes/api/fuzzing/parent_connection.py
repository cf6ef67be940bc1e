"""The connection of the run's process to the one that started it."""

from __future__ import annotations

import json
import os
import queue
import threading
from typing import IO, Any


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
