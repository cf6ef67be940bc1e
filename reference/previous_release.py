"""How the release before is started on a copy of the database: a part of the announcement.

The values are settings of the gates: `[targets.NAME.previous]` and `[targets.NAME.rollout]`.
"""

from __future__ import annotations

import json
import os
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

from reference import postgres
from reference.auth import tokens
from reference.seed import Account
from reference.settings import RELEASE_BEFORE, Settings

MODULE = "reference.release_before"
_ROOT = Path(__file__).parents[1]
_DIFFERENCES = Path(__file__).with_name("release_before") / "differences.toml"
_NO_OUTAGE = {
    "value": False,
    "reason": "its database is that of the release under judgement, where that is tried",
    "by": "the embedded demonstration",
    "at": "2026-11-30",
}
"""Of a process beside the release under judgement; elsewhere its database is taken away."""


def describe_previous_release(
    folder: Path, staff: Sequence[Account], signing_key: str
) -> dict[str, Any]:
    """Return how 1.9.0 is started, and in what it differs. Its secrets are written to `folder`."""
    folder.mkdir(exist_ok=True)
    accounts = [
        [account.username, account.password, account.role, account.facility] for account in staff
    ]
    secrets = {"accounts": accounts, "signing_key": signing_key}
    expired = tokens.issue(signing_key, "clinician", uuid4(), lifetime=-60)
    file = _write_secret(folder / "release-before.json", json.dumps(secrets))
    return {
        "release": RELEASE_BEFORE,
        "command": [sys.executable, "-m", MODULE, "--port", "{port}", "--secrets", str(file)],
        "environment": {
            "HOSPITAL_DATABASE": "{dsn}",
            "PYTHONPATH": os.pathsep.join([str(_ROOT), os.environ.get("PYTHONPATH", "")]),
        },
        "ready_path": "/health/ready",
        "expired_token_file": str(_write_secret(folder / "expired-token", expired)),
        "differs": read_differences(),
    }


def describe_rollout(settings: Settings) -> dict[str, Any]:
    """Return the connections of a rollout: one instance of each release, and one beyond."""
    connections = {
        "pool": settings.pool_size,
        "old": 1,
        "new": 1,
        "surge": 1,
        "users": [postgres.APPLICATION],
    }
    return {"connections": connections}


def read_differences() -> dict[str, Any]:
    """Return in what 1.9.0, started on a copy, differs from 2.0.0, as JSON-able values."""
    text = _DIFFERENCES.read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(json.dumps(tomllib.loads(text), default=str))
    found["capabilities"]["database-outage"] = _NO_OUTAGE
    return found


def _write_secret(file: Path, text: str) -> Path:
    file.touch(mode=0o600)
    file.write_text(text, encoding="utf-8")
    return file
