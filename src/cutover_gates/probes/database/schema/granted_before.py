"""The rights of before, given again in a database that the scripts made.

A right that somebody granted by hand stands in no script. Only where it is there can be seen
whether the next scripts take it back.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from cutover_gates.probes.database.schema.privileges import TO_PASS_ON, list_rights
from cutover_gates.probes.database.schema.schema_catalog import Catalog, Facts, load_query

_PUBLIC, _OWNER = "PUBLIC", "its owner"
_OWNER_OF_DATABASE = "the database's owner"
_PREDEFINED = "pg_"


@dataclass(frozen=True)
class GrantTarget:
    """Something that can be granted on.

    `kind` and `name` as in the catalog, `identity` stays the same when it is renamed, `words` as
    GRANT calls it. `column`: the quoted column, where it is one.
    """

    kind: str
    name: str
    identity: str
    words: str
    column: str | None


Targets = Mapping[str, GrantTarget]
"""All targets by kind and name, as the fact `of` of a grant has it: `table public.visits`."""


def read_targets(
    connection: psycopg.Connection[Any], schemas: Sequence[str]
) -> dict[str, GrantTarget]:
    """Return everything in a database that can be granted on."""
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(load_query("grant targets"), {"schemas": list(schemas)}).fetchall()
    return {
        f"{row['kind']} {row['name']}": GrantTarget(
            row["kind"], row["name"], row["identity"], row["target"], row["column"]
        )
        for row in rows
    }


@contextmanager
def grant_as_before(
    connection: psycopg.Connection[Any], before: Catalog, schemas: Sequence[str]
) -> Iterator[None]:
    """Give a scratch database the owners and rights of a catalog, as far as they can be given.

    What belongs to the whole server (memberships, parameters) is taken back after the block.
    """
    targets = read_targets(connection, schemas)
    for statement in _list_statements(before, targets):
        _try_statement(connection, statement)
    with ExitStack() as stack:
        for give, take in _list_server_statements(connection, before):
            if _try_statement(connection, give):
                stack.callback(_try_statement, connection, take)
        yield


def _try_statement(connection: psycopg.Connection[Any], statement: sql.Composable) -> bool:
    """Run a statement, and return whether it succeeded.

    A right on what the scripts have not made cannot be given, and is not judged then.
    """
    with contextlib.suppress(psycopg.Error), connection.transaction():
        connection.execute(statement.as_string(connection).encode())
        return True
    return False


def _list_statements(before: Catalog, targets: Targets) -> Iterator[sql.Composable]:
    for facts in before["owner"].values():
        target = targets.get(str(facts.get("of")))
        # A scratch database is removed by the role that owns it.
        if target and target.kind != "database":
            words = sql.SQL(target.words)
            yield sql.SQL("ALTER {} OWNER TO {}").format(words, sql.Identifier(str(facts["owner"])))
    for name, facts in before["grant"].items():
        target = targets.get(str(facts.get("of")))
        if target:
            yield from _list_grants(facts, target, name.rpartition(" to ")[2])
    for name, facts in before["default grant"].items():
        yield from _list_default_grants(name, facts)


def _list_grants(facts: Facts, target: GrantTarget, grantee: str) -> Iterator[sql.Composable]:
    if grantee == _OWNER:
        return
    column = f" ({target.column})" if target.column else ""
    for right in list_rights(facts):
        words = f"GRANT {right.removesuffix(TO_PASS_ON)}{column} ON {target.words} TO "
        end = " WITH GRANT OPTION" if right.endswith(TO_PASS_ON) else ""
        # Both come from PostgreSQL: the rights from its list, the target quoted by itself.
        yield sql.SQL(words) + name_role(grantee) + sql.SQL(end)


def _list_default_grants(name: str, facts: Facts) -> Iterator[sql.Composable]:
    """Yield the statements for `tables that X makes in the schema S to G`."""
    kind, _, rest = name.partition(" that ")
    maker, _, rest = rest.partition(" makes in ")
    place, _, grantee = rest.rpartition(" to ")
    if grantee == "their owner":
        return
    statement: sql.Composable = sql.SQL("ALTER DEFAULT PRIVILEGES")
    if maker != _OWNER_OF_DATABASE:
        statement += sql.SQL(" FOR ROLE ") + sql.Identifier(maker)
    if place.startswith("the schema "):
        statement += sql.SQL(" IN SCHEMA ") + sql.Identifier(place.removeprefix("the schema "))
    for right in list_rights(facts):
        words = f" GRANT {right.removesuffix(TO_PASS_ON)} ON {kind.upper()} TO "
        end = " WITH GRANT OPTION" if right.endswith(TO_PASS_ON) else ""
        yield statement + sql.SQL(words) + name_role(grantee) + sql.SQL(end)


def _list_server_statements(
    connection: psycopg.Connection[Any], before: Catalog
) -> Iterator[tuple[sql.Composable, sql.Composable]]:
    """Yield what gives a membership or a parameter that is not there, and what takes it back."""
    there = {
        (member, role)
        for member, role in connection.execute(
            "SELECT pg_get_userbyid(member)::text, pg_get_userbyid(roleid)::text"
            " FROM pg_auth_members"
        ).fetchall()
    }
    for member, facts in before["role"].items():
        memberships = facts.get("memberships")
        for membership in memberships if isinstance(memberships, list) else []:
            role = membership.removesuffix(TO_PASS_ON)
            end = sql.SQL(" WITH ADMIN OPTION" if role != membership else "")
            if (member, role) not in there:
                names = sql.Identifier(role), sql.Identifier(member)
                yield (
                    sql.SQL("GRANT {} TO {}").format(*names) + end,
                    sql.SQL("REVOKE {} FROM {}").format(*names),
                )
    for name, facts in before["parameter grant"].items():
        parameter, _, grantee = name.rpartition(" to ")
        for right in list_rights(facts):
            words = sql.SQL(right.removesuffix(TO_PASS_ON)), sql.Identifier(*parameter.split("."))
            yield (
                sql.SQL("GRANT {} ON PARAMETER {} TO {}").format(*words, name_role(grantee)),
                sql.SQL("REVOKE {} ON PARAMETER {} FROM {}").format(*words, name_role(grantee)),
            )


def name_role(grantee: str) -> sql.Composable:
    """Return a role as GRANT names it."""
    return sql.SQL("PUBLIC") if grantee == _PUBLIC else sql.Identifier(grantee)
