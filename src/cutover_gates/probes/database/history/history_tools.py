"""The tools that keep a history in a table: how it is read, and what its lines mean.

Flyway, Alembic and Django have readers of their own, which compare with the files of the release.
They stand here, too, for databases whose files nobody has: their lines are then compared with those
that another database has (`expected_history`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

CUSTOM = "custom"
"""A tool of the hospital's own: `migrations.version_query` gives its lines."""

Line = Mapping[str, Any]


@dataclass(frozen=True)
class HistoryTool:
    """One tool.

    - `table`: the tool's own name for its table.
    - `query`: gives the lines in the order in which they were applied; the first column names the
      migration. `{}` stands for the table.
    - `newest`: gives the newest migration as `at`.
    - `own_columns`: columns that differ from database to database and prove nothing.
    - `is_kept`: the lines stay; without it the table only has the present state.
    """

    table: str
    query: str
    newest: str
    own_columns: frozenset[str] = frozenset()
    is_kept: bool = True


TOOLS: dict[str, HistoryTool] = {
    "flyway": HistoryTool(
        "flyway_schema_history",
        "SELECT script || coalesce(' (' || version || ')', '') AS migration, installed_rank,"
        " version, type, checksum, success FROM {} ORDER BY installed_rank",
        "SELECT version AS at FROM {} WHERE success AND version IS NOT NULL AND type NOT IN"
        " ('DELETE', 'SCHEMA') ORDER BY installed_rank DESC LIMIT 1",
        frozenset({"installed_rank"}),
    ),
    "alembic": HistoryTool(
        "alembic_version",
        "SELECT version_num AS migration FROM {} ORDER BY 1",
        "SELECT string_agg(version_num, ', ' ORDER BY version_num) AS at FROM {}",
        is_kept=False,
    ),
    "django": HistoryTool(
        "django_migrations",
        "SELECT app || '.' || name AS migration FROM {} ORDER BY id",
        "SELECT app || '.' || name AS at FROM {} ORDER BY id DESC LIMIT 1",
    ),
    "liquibase": HistoryTool(
        "databasechangelog",
        "SELECT filename || '::' || id || '::' || author AS migration, orderexecuted, exectype,"
        " md5sum FROM {} ORDER BY orderexecuted, dateexecuted",
        "SELECT filename || '::' || id || '::' || author AS at FROM {}"
        " ORDER BY orderexecuted DESC, dateexecuted DESC LIMIT 1",
        frozenset({"orderexecuted"}),
    ),
    "golang-migrate": HistoryTool(
        "schema_migrations",
        "SELECT version::text AS migration, dirty FROM {}",
        "SELECT version::text AS at FROM {}",
        is_kept=False,
    ),
    "rails": HistoryTool(
        "schema_migrations",
        "SELECT version::text AS migration FROM {} ORDER BY 1",
        "SELECT max(version::text) AS at FROM {}",
    ),
    "prisma": HistoryTool(
        "_prisma_migrations",
        # A migration that failed and was tried again has a row for each attempt.
        "SELECT migration, checksum, finished, rolled_back FROM (SELECT DISTINCT ON"
        " (migration_name) migration_name AS migration, checksum, finished_at IS NOT NULL AS"
        " finished, rolled_back_at IS NOT NULL AS rolled_back, started_at FROM {} ORDER BY"
        " migration_name, started_at DESC) AS last_attempts ORDER BY started_at, migration",
        "SELECT migration_name AS at FROM {} WHERE finished_at IS NOT NULL AND rolled_back_at IS"
        " NULL ORDER BY started_at DESC LIMIT 1",
    ),
    "entity-framework": HistoryTool(
        "__EFMigrationsHistory",
        'SELECT "MigrationId" AS migration, "ProductVersion" AS product FROM {} ORDER BY 1',
        'SELECT max("MigrationId") AS at FROM {}',
    ),
}


def find_failure(line: Line) -> str:
    """Return how the migration of a line failed; empty where it did not."""
    if line.get("dirty"):
        return "it failed, and left the database dirty"
    if line.get("success") is False or line.get("exectype") == "FAILED":
        return "it failed"
    if line.get("rolled_back"):
        return "it failed, and was marked as rolled back"
    if line.get("finished") is False:
        return "it was begun, and did not finish"
    return ""


def describe_change(tool: str, old: Line, new: Line) -> list[str]:
    """Return the columns in which two lines of one migration differ, and that prove something."""
    own = TOOLS[tool].own_columns if tool in TOOLS else frozenset[str]()
    return [
        column
        for column in old
        if column not in own
        and old[column] != new.get(column)
        and not (column == "md5sum" and _is_recomputed(old[column], new.get(column)))
    ]


def _is_recomputed(old: Any, new: Any) -> bool:
    """Return whether Liquibase computed a checksum anew, in another way: `8:…` became `9:…`.

    A release of Liquibase that computes them otherwise writes all of them anew.
    """
    if not isinstance(old, str) or not isinstance(new, str):
        return False
    return old.partition(":")[0] != new.partition(":")[0]
