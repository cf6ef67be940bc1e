"""Scratch servers on copies of one empty cluster of each version: `initdb` costs a second of CPU."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from cutover_gates.probes.database.scratch import scratch_cluster
from cutover_gates.probes.database.scratch.scratch_directory import (
    ScratchDirectory,
    give_to_server_user,
)

Initialise = Callable[[Path, ScratchDirectory], None]
PLACE = f"{scratch_cluster.__name__}._initialise"
"""The function that runs `initdb`, for `monkeypatch`."""
run_initdb: Initialise = scratch_cluster._initialise


def copy_clusters(templates: Path) -> Initialise:
    """Return a function that runs `initdb` once for each version, and copies the result then."""

    def initialise(programs: Path, directory: ScratchDirectory) -> None:
        template = templates / programs.parent.name
        if template.exists():
            shutil.copytree(template, directory.data)
            give_to_server_user(directory.data)
        else:
            run_initdb(programs, directory)
            shutil.copytree(directory.data, template)

    return initialise
