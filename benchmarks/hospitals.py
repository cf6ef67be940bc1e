"""Embedded hospitals for the measurement, each a process of its own with a database of its own,
from one seed.
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
    """What a started hospital says of itself (`reference.announcement`).

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


def as_target(told: Mapping[str, Any], name: str) -> dict[str, str]:
    """The environment that declares this hospital as the target `name`."""
    place = f"CUTOVER_TARGETS__{name}".upper()
    users = {
        f"{place}__USERS__{role}__{key}".upper(): value
        for role, user in told["users"].items()
        for key, value in user.items()
    }
    return {
        f"{place}__KIND": "remote",
        f"{place}__URL": told["url"],
        f"{place}__RELEASE": told["release"],
        f"{place}__EXPIRED_TOKEN": told["expired_token"],
        f"{place}__DATABASE__DSN": told["database"],
        **users,
    }


def same_at(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, str]:
    """The texts of the first hospital by which its requests name it, and those of the second."""
    passwords = {
        user["password"]: second["users"][role]["password"] for role, user in first["users"].items()
    }
    return {
        first["url"]: second["url"],
        first["expired_token"]: second["expired_token"],
        **passwords,
    }
