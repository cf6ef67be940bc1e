"""Command that runs the embedded hospital.

    python -m reference [--port N] [--stage before] [--application 1.9.0] [--backup]
        [--surroundings] [--json] [--tied]

The package `reference` describes it.
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
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from reference import (
    accounts,
    announcement,
    cutover,
    night,
    outage,
    postgres,
    releases,
    rollout,
    serve,
    stages,
    template,
)
from reference.environment.launcher import SCOPES, start_environment
from reference.settings import RELEASE, RELEASE_BEFORE, Settings

DATABASE = "hospital"


def main() -> None:
    """Start everything, print where it is, and serve until told to stop.

    At the end everything that was started is stopped, and everything that was created is removed.
    """
    arguments = _arguments()
    serve.stop_in_order()
    if arguments.tied:
        serve.stop_with_parent()
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(serve.listen(arguments.port))
        server = stack.enter_context(postgres.run_cluster(template.ensure_cluster()))
        settings = Settings(
            database=server.dsn(DATABASE, postgres.APPLICATION),
            release=arguments.application or stages.RELEASES[arguments.stage],
            signing_key=secrets.token_hex(32),
            log=Path(server.directory) / "hospital.jsonl",
        )
        replaces = arguments.stage in (night.STAGE, rollout.STAGE)
        scope = arguments.surroundings or ("front" if replaces else None)
        before = replace(settings, release=RELEASE_BEFORE) if replaces else None
        environment = (
            stack.enter_context(
                start_environment(
                    serve.url(listener),
                    settings,
                    scope,
                    before,
                    keeps_both=arguments.stage == rollout.STAGE,
                )
            )
            if scope
            else None
        )
        staff = accounts.stable_accounts()
        backup = _bring_to(arguments.stage, server, with_backup=arguments.backup)
        app = releases.create_app(settings)
        outage.close_on_signal(server, DATABASE)

        kind = rollout.Rollout if arguments.stage == rollout.STAGE else night.Night
        tonight = kind(server, DATABASE, environment) if environment and replaces else None

        def announce() -> None:
            if tonight:
                tonight.run(staff, lambda line: print(json.dumps(line), flush=True))
            environment_keys = environment.describe_when_ready() if environment else {}
            if isinstance(tonight, rollout.Rollout):
                environment_keys["rollout"] = tonight.describe()
            where = announcement.announcement(
                serve.url(listener),
                server,
                DATABASE,
                staff,
                settings,
                tonight.backup if tonight else backup,
                environment_keys,
                used=arguments.stage != "before",
            )
            print(json.dumps(where) if arguments.json else _format_for_terminal(where), flush=True)

        if environment:
            if not replaces:
                environment.open()
            # In a thread, because the proxy waits for an answer of this process.
            threading.Thread(target=_end_on_error, args=[announce], daemon=True).start()
        else:
            announce()
        if tonight:
            tonight.migrated.wait()
        serve.serve(app, listener, leave_seconds=arguments.leave_seconds)


def _end_on_error(announce: Callable[[], None]) -> None:
    """Announce the hospital; end the process where that fails.

    Without an announcement nobody can reach the hospital, so it must not keep running.
    """
    try:
        announce()
    except Exception:
        traceback.print_exc()
        os.kill(os.getpid(), signal.SIGTERM)


def _bring_to(stage: str, server: postgres.Server, *, with_backup: bool) -> Path | None:
    """Bring the database to a stage of its cutover; return the backup, when one was made."""
    stages.copy_release_before(server, DATABASE)
    stages.add_accounts(server, DATABASE)
    backup = stages.back_up(server, DATABASE) if with_backup or stage == "restored" else None
    if stage == "after":
        cutover.perform(server, DATABASE, [], by=cutover.flyway())
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
            "before the cutover, on its eve, in its night (the cutover begins on demand), in its"
            " rollout (both releases are ready behind the proxy), after it, or restored from the"
            " backup; all have the same accounts to sign in with"
        ),
    )
    parser.add_argument(
        "--application",
        choices=(RELEASE_BEFORE, RELEASE),
        help="the release that answers; by default the new one after the cutover only",
    )
    parser.add_argument(
        "--backup",
        action="store_true",
        help="make a backup before anything is changed, as the plan has it",
    )
    parser.add_argument(
        "--surroundings",
        nargs="?",
        choices=SCOPES,
        const="all",
        help=(
            "front: start a second instance and a reverse proxy before both; all: Prometheus and"
            " Alertmanager, too"
        ),
    )
    parser.add_argument(
        "--leave-seconds",
        type=float,
        default=0,
        help="at SIGTERM: seconds of unreadiness before connections are refused",
    )
    parser.add_argument("--json", action="store_true", help="print the addresses as one JSON line")
    parser.add_argument("--tied", action="store_true", help="stop when standard input ends")
    return parser.parse_args()


def _format_for_terminal(where: Mapping[str, Any]) -> str:
    lines = [
        f"The hospital, release {where['release']}, is open at {where['url']}",
        f"  its document  {where['url']}/openapi.json",
        f"  its database  {where['database']}  (read-only)",
        f"  its log       {where['log']}",
        *([f"  its backup    {where['backup']}"] if where["backup"] else []),
        *_format_environment(where["surroundings"]),
        "Sign in at /api/v1/auth/sign-in as",
        *(f"  {user['username']:<14}{user['password']}" for user in where["users"].values()),
        "Ctrl-C stops it and removes its files.",
    ]
    return "\n".join(lines)


def _format_environment(environment: Mapping[str, Any]) -> list[str]:
    """Return the lines for the programs around the hospital."""
    infrastructure, monitoring = (
        environment.get("infrastructure", {}),
        environment.get("monitoring", {}),
    )
    places = {
        "its proxy": infrastructure.get("balancer", {}).get("url"),
        "Prometheus": monitoring.get("prometheus"),
        "Alertmanager": monitoring.get("alerts", {}).get("alertmanager"),
    }
    return [f"  {name:<14}{where}" for name, where in places.items() if where] + [
        f"  missing: {why}" for why in environment.get("absent", {}).values()
    ]


if __name__ == "__main__":
    main()
