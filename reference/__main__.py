"""The embedded hospital: `python -m reference [--port N] [--stage before] [--backup]
[--surroundings] [--json] [--tied]`. See `reference`.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import secrets
import signal
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from reference import announcement, cutover, postgres, serve, stages, template
from reference.app import create_app
from reference.seed import Account
from reference.settings import Settings
from reference.surroundings.around import WHAT, around

DATABASE = "hospital"


def main() -> None:
    """Bring everything up, say where it is, and serve until told to stop.

    Whatever was started is stopped, whatever was made is removed.
    """
    arguments = _arguments()
    serve.stop_in_order()
    if arguments.tied:
        serve.stop_with_parent()
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(serve.listen(arguments.port))
        server = stack.enter_context(postgres.running(template.cached()))
        settings = Settings(
            database=server.dsn(DATABASE, postgres.APPLICATION),
            release=Settings.release if arguments.stage == "after" else stages.RELEASE_BEFORE,
            signing_key=secrets.token_hex(32),
            log=Path(server.directory) / "hospital.jsonl",
        )
        what = arguments.surroundings
        surroundings = (
            stack.enter_context(around(serve.url(listener), settings, what)) if what else None
        )
        staff = announcement.accounts()
        backup = _bring_to(arguments.stage, server, staff, with_backup=arguments.backup)
        app = create_app(settings)

        def tell() -> None:
            told = surroundings.told() if surroundings else {}
            where = announcement.announcement(
                serve.url(listener), server, DATABASE, staff, settings, backup, told
            )
            print(json.dumps(where) if arguments.json else _for_a_human(where), flush=True)

        if surroundings:
            surroundings.open()
            threading.Thread(
                target=_or_end, args=[tell], daemon=True
            ).start()  # while we serve: the proxy waits for an answer of ours
        else:
            tell()
        serve.serve(app, listener)


def _or_end(tell: Callable[[], None]) -> None:
    """Who cannot say where he is ends, as he would if it had happened before he served."""
    try:
        tell()
    except Exception:
        traceback.print_exc()
        os.kill(os.getpid(), signal.SIGTERM)


def _bring_to(
    stage: str, server: postgres.Server, staff: Sequence[Account], *, with_backup: bool
) -> Path | None:
    """The database at a moment of its cutover; the backup, when one was made."""
    stages.before(server, DATABASE)
    backup = stages.back_up(server, DATABASE) if with_backup or stage == "restored" else None
    if stage == "after":
        cutover.perform(server, DATABASE, staff, by=cutover.flyway())
    elif stage == "restored" and backup is not None:
        stages.restore(server, DATABASE, backup)
    return backup


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m reference",
        description="The embedded hospital, with 10,000 synthetic patients.",
    )
    parser.add_argument(
        "--port", type=int, default=0, help="the port on 127.0.0.1; a free one by default"
    )
    parser.add_argument(
        "--stage",
        choices=stages.NAMES,
        default="after",
        help=(
            "before its cutover, after it, or restored from the backup; only after it there is an"
            " application for all of it"
        ),
    )
    parser.add_argument(
        "--backup",
        action="store_true",
        help="make a backup before anything is changed, as the plan has it",
    )
    parser.add_argument(
        "--surroundings",
        nargs="?",
        choices=WHAT,
        const="all",
        help=(
            "front: start a second instance and a reverse proxy before both; all: Prometheus and"
            " Alertmanager, too"
        ),
    )
    parser.add_argument("--json", action="store_true", help="say where it is as one line of JSON")
    parser.add_argument("--tied", action="store_true", help="stop when standard input ends")
    return parser.parse_args()


def _for_a_human(where: Mapping[str, Any]) -> str:
    lines = [
        f"The hospital, release {where['release']}, is open at {where['url']}",
        f"  its document  {where['url']}/openapi.json",
        f"  its database  {where['database']}  (read-only)",
        f"  its log       {where['log']}",
        *([f"  its backup    {where['backup']}"] if where["backup"] else []),
        *_around(where["surroundings"]),
        "Sign in at /api/v1/auth/sign-in as",
        *(f"  {user['username']:<14}{user['password']}" for user in where["users"].values()),
        "Ctrl-C closes it; nothing stays behind.",
    ]
    return "\n".join(lines)


def _around(told: Mapping[str, Any]) -> list[str]:
    """What stands around it, for a human."""
    infrastructure, monitoring = told.get("infrastructure", {}), told.get("monitoring", {})
    places = {
        "its proxy": infrastructure.get("balancer", {}).get("url"),
        "Prometheus": monitoring.get("prometheus"),
        "Alertmanager": monitoring.get("alerts", {}).get("alertmanager"),
    }
    return [f"  {name:<14}{where}" for name, where in places.items() if where] + [
        f"  missing: {why}" for why in told.get("absent", {}).values()
    ]


if __name__ == "__main__":
    main()
