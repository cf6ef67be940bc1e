"""A server on which databases are made and thrown away: of our own, somebody's, or in a container."""

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

from cutover_gates.core.evidence.assessment import NotProven
from cutover_gates.probes.database.context import DatabaseContext, first_error_line
from cutover_gates.probes.database.scratch import (
    postgres_binaries,
    scratch_cluster,
    scratch_container,
    scratch_options,
)
from cutover_gates.probes.database.scratch.scratch_options import (
    DatabaseLocale,
    list_candidate_locales,
)

NAME_PREFIX = "cutover_scratch_"
START_SECONDS = 60.0
_NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class ScratchServer:
    """`kind` as in the settings; `bin`: the folder of client programs of this major version, where
    there is one. `admin` may create databases.
    """

    major: int
    kind: str
    bin: Path | None
    admin: str = field(repr=False)
    locales: tuple[DatabaseLocale, ...] = (DatabaseLocale(),)
    token: str = field(default_factory=lambda: f"{NAME_PREFIX}{uuid4().hex[:12]}")

    def create_database(self, *, roles: Sequence[str] = ()) -> str:
        """The DSN of a new, empty database.

        `roles` that are missing are made first (NOLOGIN): what a script or a restore grants to.
        """
        with psycopg.connect(self.admin, autocommit=True) as connection:
            try:
                self._create_roles(connection, roles)
                return make_conninfo(self.admin, dbname=self._create_in_best_locale(connection))
            except psycopg.Error as error:
                raise NotProven(
                    f"no scratch database could be made: {first_error_line(error)}"
                ) from None

    def drop_database(self, dsn: str) -> None:
        """Remove a database that `create_database` made, and whoever is connected to it."""
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
            with contextlib.suppress(
                psycopg.errors.WrongObjectType,
                psycopg.errors.InvalidParameterValue,
                psycopg.errors.FeatureNotSupported,
                psycopg.errors.InvalidObjectDefinition,
                psycopg.errors.UndefinedObject,
            ):
                connection.execute(create + locale.clauses(major=self.major))
                return name
        connection.execute(create + self.locales[-1].clauses(major=self.major))
        return name

    def _create_roles(self, connection: psycopg.Connection, roles: Sequence[str]) -> None:
        known = {name for (name,) in connection.execute("SELECT rolname FROM pg_roles")}
        for role in roles:
            if role not in known and not role.startswith("pg_"):
                connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(role)))
                connection.execute(
                    sql.SQL("COMMENT ON ROLE {} IS {}").format(
                        sql.Identifier(role), sql.Literal(self.token)
                    )
                )


@contextlib.contextmanager
def scratch_server(context: DatabaseContext, major: int) -> Iterator[ScratchServer]:
    """A server of exactly that major version, as `[targets.NAME.migrations.scratch]` says; all that
    was made on it is gone at the end.

    Raises `NotProven` where none can be had, and `SettingsError` where the settings name none, or
    the target's own.
    """
    kind = context.migrations.scratch.kind
    with contextlib.ExitStack() as stack:
        if kind == "embedded":
            admin = stack.enter_context(scratch_cluster.run_cluster(major, _start_timeout(context)))
        elif kind == "container":
            admin = stack.enter_context(
                scratch_container.run_postgres(
                    context.migrations.scratch.image, major, _start_timeout(context)
                )
            )
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
        raise NotProven(
            "the time that the gate may take (budget_seconds) was spent before a scratch server was"
            " started"
        )
    return min(START_SECONDS, context.budget.remaining_seconds)


def _require_same_version(admin: str, major: int) -> None:
    with psycopg.connect(admin) as connection:
        found = connection.info.server_version // 10000
    if found != major:
        raise NotProven(
            f"the scratch server is PostgreSQL {found} and the target {major}: name one of the same"
            " major version"
        )


def _find_client_folder(major: int) -> Path | None:
    try:
        return postgres_binaries.find_client_program("pg_restore", major).parent
    except NotProven:
        return None


@contextlib.contextmanager
def _remove_leftovers(server: ScratchServer) -> Iterator[None]:
    """What runs that were killed left is dropped before, and what this one made after.

    An open session says that its run still lives.
    """
    with psycopg.connect(
        server.admin, autocommit=True, application_name=server.token
    ) as connection:
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
            with contextlib.suppress(
                psycopg.Error
            ):  # a session that broke has nothing more to say; the next run sweeps
                _drop_databases_and_roles(connection, sparing=living - {server.token})


def _drop_databases_and_roles(connection: psycopg.Connection, *, sparing: set[str]) -> None:
    """Databases are named, and roles are commented, with the token of the run that made them."""
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
            with contextlib.suppress(
                psycopg.Error
            ):  # another run's database may have come to rest on it
                connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(name)))
