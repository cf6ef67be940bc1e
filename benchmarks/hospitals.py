"""Embedded hospitals for the measurement.

Each is a process of its own with a database of its own, from one seed.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from benchmarks.figures import ROOT


@contextmanager
def hospital() -> Iterator[Mapping[str, Any]]:
    """Start a hospital, and yield its announcement (`reference.announcement`).

    It ends with the block, or with this process.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "reference", "--json", "--tied"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin
    assert process.stdout
    try:
        line = process.stdout.readline()
        if not line:
            raise SystemExit("benchmarks: the embedded hospital did not start")
        yield json.loads(line)
    finally:
        process.stdin.close()
        process.wait(10)


def target_environment(announced: Mapping[str, Any], name: str) -> dict[str, str]:
    """Return the environment that declares this hospital as the target `name`."""
    place = f"CUTOVER_TARGETS__{name}".upper()
    users = {
        f"{place}__USERS__{role}__{key}".upper(): value
        for role, user in announced["users"].items()
        for key, value in user.items()
    }
    return {
        f"{place}__KIND": "remote",
        f"{place}__URL": announced["url"],
        f"{place}__RELEASE": announced["release"],
        f"{place}__EXPIRED_TOKEN": announced["expired_token"],
        f"{place}__DATABASE__DSN": announced["database"],
        **users,
    }


def map_texts(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, str]:
    """Return texts that name the first hospital in its requests, with those of the second."""
    passwords = {
        user["password"]: second["users"][role]["password"] for role, user in first["users"].items()
    }
    return {
        first["url"]: second["url"],
        first["expired_token"]: second["expired_token"],
        **passwords,
    }
