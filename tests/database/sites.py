"""Sites to examine in tests."""

from __future__ import annotations

import time
import tomllib
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from cutover.database.site import Budget, Site
from cutover.settings import Database, Migrations

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "reference/database/migrations"


def declared() -> dict[str, Any]:
    """What the repository's settings say of the embedded hospital's migration:
    `[targets.embedded.migrations]`.
    """
    settings = tomllib.loads((ROOT / "cutover.toml").read_text(encoding="utf-8"))
    return dict(settings["targets"]["embedded"]["migrations"])


def site_of(dsn: str, folder: Path, *, seconds: float = 60, **migrations: Any) -> Site:
    """The site of a database, with these settings under `[targets.NAME.migrations]`; its files are
    kept in `folder`.
    """
    settings = Migrations.model_validate({"locations": [SCRIPTS], **migrations})
    return Site(
        "tried",
        "2.0.0",
        SecretStr(dsn),
        Database(),
        settings,
        folder,
        folder / "snapshots",
        folder / "runs",
        folder / "once",
        Budget(time.time() + seconds),
    )
