"""Runs of PostgreSQL's programs: bounded by the budget, and without the content of rows.

Passwords go by the environment. What a program quotes of the data is removed from its complaints.
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psycopg
from psycopg.conninfo import conninfo_to_dict

from cutover_gates.core.findings import gap_error
from cutover_gates.probes.database.backup import rules
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.util.subprocesses import bind_to_parent, kill_after

_CHUNK = 1 << 20
_COMPLAINT = re.compile(r"(?:error|ERROR|FATAL|PANIC):\s+(?P<what>.*)")
_NAMED_OBJECT = re.compile(r'(?P<word>\w+) "(?P<name>[^"]*)"')
# Words after which a quoted text is the name of an object, and not content of a row.
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
    """The exit status of a program, its output, and its complaints without content of rows."""

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
    """Run a program to its end; `stdin` is fed to it, after `first`.

    Raise `NotProven` when the budget is spent, and what reading `stdin` raises.
    """
    # Files and not pipes: a program that prints more than a pipe holds would wait for a reader
    # while this process feeds its input.
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            bind_to_parent([program, *arguments]),
            env=_build_environment(dsn),
            stdout=output,
            stderr=errors,
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            start_new_session=True,
        )
        with kill_after(process, context.budget.remaining_seconds) as late:
            if stdin is not None:
                _feed_stdin(process, stdin, first)
            status = process.wait()
        if late.is_set():
            reason = f"it did not end in time: {context.describe_overrun()}"
            raise gap_error(rules.WITHIN_BUDGET, program.name, reason)
        complaints = tuple(extract_complaints(_read_text(errors)))
        return ClientProgramResult(status, _read_text(output), complaints)


def extract_complaints(text: str) -> Iterator[str]:
    """Return the first line of each complaint, without quoted content.

    DETAIL, CONTEXT and the statement quote rows; so may a quoted text that is no object's name.
    """
    for line in text.splitlines():
        match = _COMPLAINT.search(line)
        if match:
            # pg_restore: error: could not execute query: ERROR:  …
            inner = _COMPLAINT.search(match["what"])
            yield _redact_message((inner or match)["what"])


def _redact_message(message: str) -> str:
    kept, position = "", 0
    for named in _NAMED_OBJECT.finditer(message):
        before = message[position : named.start()]
        if _QUOTE.search(before) or named["word"] not in _SAFE_OBJECT_KINDS:
            return f"{kept}{_QUOTE.split(message[position:])[0]}…"
        kept, position = kept + before + named.group(), named.end()
    rest = message[position:]
    if _QUOTE.search(rest):
        return f"{kept}{_QUOTE.split(rest)[0]}…"
    return kept + rest


def _feed_stdin(process: subprocess.Popen[bytes], source: IO[bytes], first: bytes) -> None:
    assert process.stdin is not None  # it was asked for
    # A program that ends before it has read all says why by itself.
    with contextlib.suppress(BrokenPipeError), process.stdin as sink:
        sink.write(first)
        while chunk := source.read(_CHUNK):
            sink.write(chunk)


def _build_environment(dsn: str | None) -> dict[str, str]:
    """Return the environment of a program, with the DSN as libpq's own variables.

    So no list of processes shows its password. Messages come in English, because they are parsed.
    """
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    clean["LC_ALL"] = "C"
    if dsn is None:
        return clean
    variables = {
        option.keyword.decode(): option.envvar.decode()
        for option in psycopg.pq.Conninfo.get_defaults()
        if option.envvar
    }
    options = conninfo_to_dict(dsn).items()
    named = {variables[name]: str(value) for name, value in options if name in variables}
    return clean | named


def _read_text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")
