"""Contexts of databases for tests."""

from __future__ import annotations

import shutil
import time
import tomllib
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from cutover_gates.config.migrations import Migrations
from cutover_gates.config.target_access import DatabaseSettings
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.gate_steps import Budget
from reference import migrate

ROOT = Path(__file__).resolve().parents[3]
SCRIPTS = ROOT / "reference/database/migrations"
_NIGHT = {"point_of_no_return": str(migrate.POINT_OF_NO_RETURN)}


def copy_scripts_of_night(folder: Path) -> Path:
    """Copy the scripts of the cutover's night, without the one that a later night applies."""
    folder.mkdir()
    for script in migrate.scripts(to=migrate.POINT_OF_NO_RETURN):
        shutil.copy2(SCRIPTS / script.file_name, folder)
    return folder


def declared_migrations() -> dict[str, Any]:
    """Return the repository's settings for the embedded hospital: `[targets.embedded.migrations]`."""
    settings = tomllib.loads((ROOT / "cutover.toml").read_text(encoding="utf-8"))
    return dict(settings["targets"]["embedded"]["migrations"])


def make_database_context(
    dsn: str, folder: Path, *, seconds: float = 60, **migrations: Any
) -> DatabaseContext:
    """Return the context of a database with these settings under `[targets.NAME.migrations]`.

    Its files are kept in `folder`.
    """
    night = {} if {"locations", "tool"} & migrations.keys() else _NIGHT
    settings = Migrations.model_validate({"locations": [SCRIPTS], **night, **migrations})
    return DatabaseContext(
        "tried",
        "2.0.0",
        SecretStr(dsn),
        DatabaseSettings(),
        settings,
        folder,
        folder / "snapshots",
        folder / "runs",
        folder / "once",
        Budget(time.time() + seconds),
        script_history_items=frozenset({"migrations-applied"}),
    )
