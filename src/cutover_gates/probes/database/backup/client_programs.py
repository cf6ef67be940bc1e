"""Running PostgreSQL's programs: bounded by the budget, passwords by the environment, and no row's
content in what they say.
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psycopg
from psycopg.conninfo import conninfo_to_dict

from cutover_gates.core.evidence.assessment import NotProven
from cutover_gates.probes.database.context import DatabaseContext

_CHUNK = 1 << 20
_COMPLAINT = re.compile(r"(?:error|ERROR|FATAL|PANIC):\s+(?P<what>.*)")
_NAMED_OBJECT = re.compile(r'(?P<word>\w+) "(?P<name>[^"]*)"')
_SAFE_OBJECT_KINDS = {
    "table",
    "relation",
    "constraint",
    "index",
    "column",
    "function",
    "type",
    "role",
    "schema",
    "sequence",
    "trigger",
    "extension",
    "tablespace",
    "language",
    "collation",
    "encoding",
    "database",
    "parameter",
    "view",
    "domain",
    "policy",
    "file",
}
_QUOTE = re.compile(r"""["\\]""")


@dataclass(frozen=True)
class ClientProgramResult:
    """How a program ended, what it wrote, and its complaints, without what they quote of the data."""

    status: int
    output: str
    complaints: tuple[str, ...]


def run_program(
    context: DatabaseContext,
    program: Path,
    *arguments: str | Path,
    dsn: str | None = None,
    stdin: IO[bytes] | None = None,
    first: bytes = b"",
) -> ClientProgramResult:
    """Run to the end.

    `stdin` is fed to it, after `first`. Raises `NotProven` when the budget is spent, and what
    reading `stdin` raises.
    """
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            [program, *arguments],
            env=_build_environment(dsn),
            stdout=output,
            stderr=errors,
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            start_new_session=True,
        )
        with _kill_at_deadline(context, process, f"{program.name} did not end"):
            if stdin is not None:
                _feed_stdin(process, stdin, first)
            status = process.wait()
        return ClientProgramResult(
            status, _read_text(output), tuple(extract_complaints(_read_text(errors)))
        )


def extract_complaints(said: str) -> Iterator[str]:
    """Of each complaint its first line.

    DETAIL, CONTEXT and the statement quote rows; so may what stands in quotes and is no object's
    name.
    """
    for line in said.splitlines():
        found = _COMPLAINT.search(line)
        if found:
            inner = _COMPLAINT.search(
                found["what"]
            )  # pg_restore: error: could not execute query: ERROR:  …
            yield _redact_message((inner or found)["what"])


def _redact_message(message: str) -> str:
    kept, at = "", 0
    for named in _NAMED_OBJECT.finditer(message):
        before = message[at : named.start()]
        if _QUOTE.search(before) or named["word"] not in _SAFE_OBJECT_KINDS:
            return f"{kept}{_QUOTE.split(message[at:])[0]}…"
        kept, at = kept + before + named.group(), named.end()
    rest = message[at:]
    return kept + (f"{_QUOTE.split(rest)[0]}…" if _QUOTE.search(rest) else rest)


def _feed_stdin(process: subprocess.Popen[bytes], source: IO[bytes], first: bytes) -> None:
    assert process.stdin is not None
    with (
        contextlib.suppress(BrokenPipeError),
        process.stdin as sink,
    ):  # it ended before it had read all, and says why by itself
        sink.write(first)
        while chunk := source.read(_CHUNK):
            sink.write(chunk)


@contextlib.contextmanager
def _kill_at_deadline(
    context: DatabaseContext, process: subprocess.Popen[bytes], what: str
) -> Iterator[None]:
    """Kill it at the end of the budget, and when we are interrupted."""
    late = threading.Event()

    def end() -> None:
        late.set()
        process.kill()

    timer = threading.Timer(context.budget.remaining_seconds, end)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        if process.poll() is None:
            process.kill()
            process.wait()
        if late.is_set():
            raise NotProven(f"{what} within the time that the gate may take (budget_seconds)")


def _build_environment(dsn: str | None) -> dict[str, str]:
    """A DSN becomes libpq's own variables: nobody sees its password in the list of processes.

    Messages come in English, to be understood.
    """
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PG")} | {
        "LC_ALL": "C"
    }
    if dsn is None:
        return clean
    said = conninfo_to_dict(dsn)
    variables = {
        option.keyword.decode(): option.envvar.decode()
        for option in psycopg.pq.Conninfo.get_defaults()
        if option.envvar
    }
    return clean | {
        variables[name]: str(value) for name, value in said.items() if name in variables
    }


def _read_text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")
