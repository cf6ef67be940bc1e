"""A server on which databases are made and removed: our own, a given one, or one in a container.

with scratch_server(context, major=18) as scratch:
    dsn = scratch.create_database(roles=["hospital_app"])  # empty, in the target's encoding
    scratch.drop_database(dsn)  # at the latest the end of the block removes it
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from cutover_gates.core.findings import NotProven, gap_error
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.scratch import (
    postgres_binaries,
    rules,
    scratch_cluster,
    scratch_container,
    scratch_options,
)
from cutover_gates.probes.database.scratch.scratch_options import (
    DatabaseLocale,
    list_candidate_locales,
)
from cutover_gates.util.text import first_error_line

NAME_PREFIX = "cutover_scratch_"
# Seconds for a server to start, also where the budget has more left.
START_SECONDS = 60.0
# Errors of a server that does not have a locale.
_LOCALE_ERRORS = (
    psycopg.errors.WrongObjectType,
    psycopg.errors.InvalidParameterValue,
    psycopg.errors.FeatureNotSupported,
    psycopg.errors.InvalidObjectDefinition,
    psycopg.errors.UndefinedObject,
)
_NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class ScratchServer:
    """A scratch server.

    `kind` as in the settings; `bin`: the folder of client programs of this major version, where
    there is one; `admin`: the DSN of a role that may create databases; `token`: the beginning of
    the names of everything that this run makes.
    """

    major: int
    kind: str
    bin: Path | None
    admin: str = field(repr=False)
    locales: tuple[DatabaseLocale, ...] = (DatabaseLocale(),)
    token: str = field(default_factory=lambda: f"{NAME_PREFIX}{uuid4().hex[:12]}")

    def create_database(self, *, roles: Sequence[str] = ()) -> str:
        """Make an empty database, and return its DSN.

        Missing `roles` are made first (NOLOGIN), because scripts and restores grant to them.
        """
        with psycopg.connect(self.admin, autocommit=True) as connection:
            try:
                self._create_roles(connection, roles)
                return make_conninfo(self.admin, dbname=self._create_in_best_locale(connection))
            except psycopg.Error as error:
                reason = f"no database can be made: {first_error_line(error)}"
                raise gap_error(rules.SCRATCH_SERVER, "the scratch server", reason) from None

    def drop_database(self, dsn: str) -> None:
        """Remove a database that `create_database` made, and end the sessions on it."""
        name = str(conninfo_to_dict(dsn).get("dbname"))
        if not name.startswith(self.token):
            raise ValueError("only what this scratch server made is dropped")
        with psycopg.connect(self.admin, autocommit=True) as connection:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            )

    def _create_in_best_locale(self, connection: psycopg.Connection) -> str:
        name = f"{self.token}_{next(_NUMBERS)}"
        create = sql.SQL("CREATE DATABASE {} TEMPLATE template0 ").format(sql.Identifier(name))
        for locale in self.locales[:-1]:
            with contextlib.suppress(*_LOCALE_ERRORS):
                connection.execute(create + locale.clauses(major=self.major))
                return name
        connection.execute(create + self.locales[-1].clauses(major=self.major))
        return name

    def _create_roles(self, connection: psycopg.Connection, roles: Sequence[str]) -> None:
        known = {name for (name,) in connection.execute("SELECT rolname FROM pg_roles")}
        for role in roles:
            if role not in known and not role.startswith("pg_"):
                connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(role)))
                # Roles belong to the whole server: the comment shows which run made them.
                connection.execute(
                    sql.SQL("COMMENT ON ROLE {} IS {}").format(
                        sql.Identifier(role), sql.Literal(self.token)
                    )
                )


@contextlib.contextmanager
def scratch_server(context: DatabaseContext, major: int) -> Iterator[ScratchServer]:
    """Open a server of exactly that major version, as `[targets.NAME.migrations.scratch]` says.

    Everything made on it is removed at the end. Raise `NotProven` where none is available, and
    `SettingsError` where the settings name none, or the target's own.
    """
    kind = context.migrations.scratch.kind
    with contextlib.ExitStack() as stack:
        if kind == "embedded":
            running = scratch_cluster.run_cluster(major, _start_timeout(context))
            admin = stack.enter_context(running)
        elif kind == "container":
            image = context.migrations.scratch.image
            running = scratch_container.run_postgres(image, major, _start_timeout(context))
            admin = stack.enter_context(running)
        else:
            admin = scratch_options.resolve_scratch_dsn(context)
        _require_same_version(admin, major)
        server = ScratchServer(
            major, kind, _find_client_folder(major), admin, list_candidate_locales(context)
        )
        stack.enter_context(_remove_leftovers(server))
        yield server


def _start_timeout(context: DatabaseContext) -> float:
    if not context.budget.remaining_seconds:
        reason = f"it was not started: {context.describe_overrun()}"
        raise gap_error(rules.SCRATCH_SERVER, "the scratch server", reason)
    return min(START_SECONDS, context.budget.remaining_seconds)


def _require_same_version(admin: str, major: int) -> None:
    with psycopg.connect(admin) as connection:
        found = connection.info.server_version // 10000
    if found != major:
        reason = f"it is PostgreSQL {found}, and the target is {major}"
        raise gap_error(rules.SCRATCH_SERVER, "the scratch server", reason)


def _find_client_folder(major: int) -> Path | None:
    try:
        return postgres_binaries.find_client_program("pg_restore", major).parent
    except NotProven:
        return None


@contextlib.contextmanager
def _remove_leftovers(server: ScratchServer) -> Iterator[None]:
    """Remove what killed runs left before the block, and what this run made after it.

    A session with the token of a run shows that the run still lives.
    """
    with psycopg.connect(
        server.admin, autocommit=True, application_name=server.token
    ) as connection:
        # The session is idle as long as the run, and a limit of the server must not end it.
        connection.execute("SET idle_session_timeout = 0")
        sessions = connection.execute(
            "SELECT application_name FROM pg_stat_activity WHERE starts_with(application_name, %s)",
            [NAME_PREFIX],
        )
        living = {name for (name,) in sessions}
        _drop_databases_and_roles(connection, sparing=living)
        try:
            yield
        finally:
            # Where the session is broken, the next run removes what is left.
            with contextlib.suppress(psycopg.Error):
                _drop_databases_and_roles(connection, sparing=living - {server.token})


def _drop_databases_and_roles(connection: psycopg.Connection, *, sparing: set[str]) -> None:
    """Remove databases and roles of runs whose tokens are not in `sparing`.

    Databases have the token of their run in their name, roles have it in their comment.
    """
    databases = connection.execute(
        "SELECT datname, left(datname, -1 - length(substring(datname FROM '[0-9]+$'))) FROM"
        " pg_database WHERE starts_with(datname, %s) AND pg_get_userbyid(datdba) = current_user",
        [NAME_PREFIX],
    ).fetchall()
    for name, token in databases:
        if token not in sparing:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            )
    roles = connection.execute(
        "SELECT rolname, shobj_description(oid, 'pg_authid') AS token FROM pg_roles "
        "WHERE starts_with(shobj_description(oid, 'pg_authid'), %s)",
        [NAME_PREFIX],
    ).fetchall()
    for name, token in roles:
        if token not in sparing:
            # Another run's database may depend on the role by now.
            with contextlib.suppress(psycopg.Error):
                connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(name)))
