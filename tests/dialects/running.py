"""Start one of these hospitals, and judge it as its team would.

The gate is a pytest process with one settings file and the environment.
"""

from __future__ import annotations

import json
import secrets
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.faults import gate_runs
from tests.faults.results import Verdict

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
ROLES = ("registrar", "clinician", "auditor", "administrator", "outsider")
GATE = "phase3 and smoke"
OUTSIDE = ("--ignore=smoke/infrastructure", "--ignore=smoke/monitoring", "--ignore=smoke/fhir")


class HospitalNotStarted(RuntimeError):
    """The hospital's process ended before it printed its address."""


@dataclass(frozen=True)
class OpenHospital:
    """A running hospital: its dialect, its address, and the staff's passwords by account."""

    dialect: str
    url: str
    passwords: Mapping[str, str] = field(repr=False)


def usernames_of(dialect: str) -> Mapping[str, str]:
    """Return the user name of each account in the settings of a dialect's team."""
    users = read_target(dialect)["users"]
    return {account: user["username"] for account, user in users.items()}


def read_target(dialect: str) -> Mapping[str, Any]:
    """Return the table of the target in the settings of a dialect's team."""
    settings = tomllib.loads((HERE / dialect / "cutover.toml").read_text(encoding="utf-8"))
    target: Mapping[str, Any] = settings["targets"]["tried"]
    return target


@contextmanager
def hospital(dialect: str, fault: str | None = None, **options: Any) -> Iterator[OpenHospital]:
    """Start the hospital for the block.

    `fault` is one of its own faults, `options` are those of its class.
    """
    accounts = usernames_of(dialect)
    # Two accounts may be one user, who has one password.
    by_user = {user: f"Pw-{secrets.token_urlsafe(9)}-{user[:2]}" for user in accounts.values()}
    passwords = {account: by_user[user] for account, user in accounts.items()}
    told = json.dumps(
        {"dialect": dialect, "fault": fault, "passwords": by_user, "options": options}
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.dialects.serve"],
        cwd=ROOT,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process:
        try:
            process.stdin.write(told + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
            if not line:
                raise HospitalNotStarted(f"{dialect} with {fault}")
            yield OpenHospital(dialect, json.loads(line)["url"], passwords)
        finally:
            process.kill()  # all that it knows is in its memory


def settings(opened: OpenHospital, folder: Path, *more: str) -> Path:
    """Copy its team's settings to `folder`, which also receives the reports.

    `more` are lines to add.
    """
    config = folder / "cutover.toml"
    shutil.copy(HERE / opened.dialect / "cutover.toml", config)
    if more:
        config.write_text("\n".join([config.read_text(encoding="utf-8"), *more]), encoding="utf-8")
    return config


def gate_environment(opened: OpenHospital) -> dict[str, str]:
    """Return the environment of the gate."""
    passwords = {
        f"CUTOVER_TARGETS__TRIED__USERS__{account.upper().replace('-', '_')}__PASSWORD": password
        for account, password in opened.passwords.items()
    }
    return {"CUTOVER_TARGETS__TRIED__URL": opened.url, **passwords}


def run_gate(
    opened: OpenHospital,
    folder: Path,
    compiled: Path,
    *options: str,
    gate: str = GATE,
    seconds: float = 120,
) -> Verdict:
    """Return the verdict on it. Raises `gates.NoVerdict`."""
    return gate_runs.run_gate(
        gate,
        settings(opened, folder),
        gate_environment(opened),
        compiled,
        *gate_runs.PLAIN,
        *options,
        seconds=seconds,
    )
