"""A hospital with one fault, in a process of its own.

Tests start it with `multiprocessing` (see `hospitals.py`), where a new process has everything
imported already. For somebody who wants to look at one: `python -m tests.faults.serve NAME --dsn …
[--json] [--tied]` on a migrated database; the name `none` is a hospital without a fault.
"""

from __future__ import annotations

import argparse
import json
import logging
import multiprocessing
import os
import secrets
import socket
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from reference import serve
from reference.app import create_app
from reference.auth import sessions, tokens
from reference.auth.passwords import Hashing
from reference.settings import Settings
from tests.faults import proxy
from tests.faults.api.other_refusals import TheHospitalThatRefusesWith400
from tests.faults.fault import Defect
from tests.faults.functional.poor_hospital import TheHospitalOfConflicts, ThePoorHospital
from tests.faults.load.connection_handling import IdleConnectionsAreClosed
from tests.faults.load.jvm_resources import AJvmInOrder
from tests.faults.load.response_times import TheOldRelease
from tests.faults.registry import IN_HOSPITAL, faults_of

NONE = "none"
IN_ORDER: tuple[type[Defect], ...] = (
    TheOldRelease,
    IdleConnectionsAreClosed,
    AJvmInOrder,
    ThePoorHospital,
    TheHospitalOfConflicts,
    TheHospitalThatRefusesWith400,
)
"""Hospitals that are other ones, and in order."""
DEFECTS: Mapping[str, type[Defect]] = {
    NONE: Defect,
    **{kind.__name__: kind for kind in IN_ORDER},
    **{
        name: fault
        for subject in IN_HOSPITAL
        for name, fault in faults_of(subject).items()
        if issubclass(fault, Defect)
    },
}
"""What a hospital can be opened with, by name: the faults that are put into its process, none, and
those that are in order.
"""
HASHING = Hashing(passes=1, memory=8)
"""As cheap as argon2 can be: these accounts live for seconds, and every gate signs in dozens of
times.
"""


def open_for_parent(name: str, dsn: str, log: Path, port: int, told: Connection) -> None:
    """Serve until the process that started this one is gone, or says so; `told` hears where."""
    parent = multiprocessing.parent_process()
    assert parent is not None  # Only `multiprocessing` calls this.
    serve.stop_with_parent(parent.sentinel)
    open_hospital(name, dsn, log, told.send, port)


def open_hospital(
    name: str, dsn: str, log: Path, tell: Callable[[dict[str, Any]], None], port: int = 0
) -> None:
    """Serve the hospital with the fault `name` until SIGTERM or Ctrl-C; 0 is any free port."""
    serve.stop_in_order()
    logging.basicConfig(
        filename=log
    )  # what libraries complain of is expected, and not for the terminal
    fault = DEFECTS[name]()
    settings = fault.settings(Settings(dsn, secrets.token_hex(32), log=log, hashing=HASHING))
    expired = _expired_token(settings)  # before the fault is in: what it breaks may be the tokens
    fault.put_in()
    app = fault.around(create_app(settings))
    with serve.listen(port) as listener:
        tell({"url": _way(fault, listener), "expired_token": expired, "pid": os.getpid()})
        serve.serve(app, listener)


def _expired_token(settings: Settings) -> str:
    """A token of the clinician that was ours and good until a minute ago; its session still lives."""
    with psycopg.connect(settings.database, row_factory=dict_row) as connection:
        session_id = sessions.open_session(connection, "clinician")
    return tokens.issue(settings.signing_key, "clinician", session_id, lifetime=-60)


def _way(fault: Defect, hospital: socket.socket) -> str:
    """The address at which the hospital is asked: its own, or that of a proxy before it."""
    if not isinstance(fault, proxy.OnTheWire):
        return serve.url(hospital)
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    address = serve.url(listener)
    if fault.listens:
        proxy.start(listener, hospital.getsockname()[1], fault.hand_on)
    else:
        listener.close()
    return address


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults.serve", description="A hospital with one fault."
    )
    parser.add_argument(
        "name", choices=list(DEFECTS), metavar="NAME", help=f"a fault's name, or {NONE!r}"
    )
    parser.add_argument(
        "--dsn", required=True, help="a migrated database, as the application's role"
    )
    parser.add_argument(
        "--log", type=Path, default=Path(os.devnull), help="where the JSON lines go"
    )
    parser.add_argument("--json", action="store_true", help="say where it is as one line of JSON")
    parser.add_argument("--tied", action="store_true", help="stop when standard input ends")
    arguments = parser.parse_args()
    if arguments.tied:
        serve.stop_with_parent()

    def tell(where: dict[str, Any]) -> None:
        print(
            (
                json.dumps(where)
                if arguments.json
                else f"{arguments.name} is open at {where['url']}; Ctrl-C closes it"
            ),
            flush=True,
        )

    open_hospital(arguments.name, arguments.dsn, arguments.log, tell)


if __name__ == "__main__":
    main()
