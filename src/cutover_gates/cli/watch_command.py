"""`cutover-gates watch`: watches a target from before Phase 1 to the end of the cutover."""

from __future__ import annotations

from datetime import datetime
from math import inf
from pathlib import Path
from typing import Annotated

import typer

MOMENTS = ["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S"]


def run_watch(
    target: Annotated[str | None, typer.Option(help="The target to watch.")] = None,
    release: Annotated[str | None, typer.Option(help="The release of this cutover.")] = None,
    config: Annotated[Path | None, typer.Option(help="The settings file.")] = None,
    seconds: Annotated[
        float, typer.Option(help="Seconds to watch. Default: until SIGTERM or Ctrl-C.")
    ] = inf,
    baseline: Annotated[
        float | None,
        typer.Option(
            help="Seconds to watch the release before, for the baseline of the response times.",
        ),
    ] = None,
    read_back: Annotated[
        bool,
        typer.Option("--read-back", help="Read the acknowledged writes again, and watch nothing."),
    ] = False,
    mark: Annotated[
        str | None,
        typer.Option(
            help=(
                "Write down that a step of this name ended (canary, half, full, rollback). The"
                " running watcher then reads the acknowledged writes again."
            )
        ),
    ] = None,
    restore: Annotated[
        datetime | None,
        typer.Option(
            "--what-a-restore-loses",
            help="The moment of the backup (UTC, or with a zone): list what came after it.",
            formats=MOMENTS,
        ),
    ] = None,
) -> None:
    """Watch a target until SIGTERM or Ctrl-C. Exit status: 0 ended in order, 4 nothing was watched.

    It judges nothing: the gates read its record. With --read-back the status is 1 where a write is
    lost or changed. With --mark it is 1 where no watcher runs that could read them again; with both
    they are read at once, by this process.
    """
    # here, because it loads the drivers and psycopg (0.3 s), and the other commands need neither
    from cutover_gates.cli.watch_session import WatchCall, perform_watch

    perform_watch(WatchCall(target, release, config, seconds, read_back, mark, restore, baseline))
