"""Databases that two targets share, of which only one is marked as production.

A target that reads, or makes scratch databases on, the database of real patients is production.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cutover_gates.config.base import SettingsError
from cutover_gates.config.settings import Settings
from cutover_gates.config.target import Target
from cutover_gates.util.addresses import normalize_host

DEFAULT_PORT = "5432"


@dataclass(frozen=True)
class _Database:
    """A key of the settings that leads to a database, and the database as host, port, name.

    A scratch server is no database yet: its name is empty, and it is compared by its server.
    """

    key: str
    place: tuple[str, str, str]

    def leads_to(self, other: _Database) -> bool:
        """Return whether both are one database, or this is the scratch server on its server."""
        return self.place in (other.place, (*other.place[:2], ""))


def refuse_shared_databases(settings: Settings, data: Mapping[str, Any]) -> None:
    """Raise `SettingsError` where a target shares a database with production, and is none.

    `data` is the content of the settings file: a variable may lead a production target elsewhere,
    and the patients stay where the file says.
    """
    production = {name for name, target in settings.targets.items() if target.production}
    others = {
        name: list(_list_databases(settings, target))
        for name, target in settings.targets.items()
        if name not in production
    }
    if not production or not any(others.values()):
        return
    real = [
        (name, database)
        for name in sorted(production)
        for database in _list_databases(settings, settings.targets[name])
        if database.place[2]
    ]
    real += [
        (name, database)
        for name in sorted(production)
        for database in _list_written(settings, data.get("targets", {}).get(name))
    ]
    for name, own in others.items():
        _refuse_shared(name, own, real)


def _refuse_shared(name: str, own: list[_Database], real: list[tuple[str, _Database]]) -> None:
    for database in own:
        for twin, other in real:
            if database.leads_to(other):
                raise SettingsError(
                    f"{database.key} of target {name!r} leads to the database of target {twin!r}"
                    f" ({other.key}), and only {twin!r} says production = true. Set production ="
                    f" true for {name!r}, or correct its {database.key}."
                )


def _list_databases(settings: Settings, target: Target) -> Iterator[_Database]:
    """Yield the databases of a target, as far as their DSN can be read on this machine."""
    tables = (
        ("database", target.database, "dsn", False),
        ("database", target.database, "standby_dsn", False),
        ("migrations.scratch", target.migrations.scratch, "dsn", True),
    )
    for section, table, key, is_scratch in tables:
        try:
            dsn = settings.read_secret(table, key, section)
        except SettingsError:  # of another target's secrets not all are on this machine
            continue
        for host, port, name in _parse_places(dsn or ""):
            yield _Database(f"{section}.{key}", (host, port, "" if is_scratch else name))


def _list_written(settings: Settings, table: Any) -> Iterator[_Database]:
    """Yield the databases that the file itself names for a target, by `dsn_file`."""
    database = table.get("database") if isinstance(table, Mapping) else None
    for key in ("dsn_file", "standby_dsn_file"):
        path = database.get(key) if isinstance(database, Mapping) else None
        if not isinstance(path, str):
            continue
        try:
            dsn = (settings.file.parent / path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            continue
        yield from (_Database(f"database.{key}", place) for place in _parse_places(dsn))


def _parse_places(dsn: str) -> list[tuple[str, str, str]]:
    """Return host, port and name of each server that a DSN names; none of one that is broken."""
    if not dsn:
        return []
    # here, because psycopg takes long to load (0.1 s), and few settings have two such targets
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    try:
        given = {key: str(value) for key, value in conninfo_to_dict(dsn).items() if value}
    except psycopg.Error:  # it is refused where it is used
        return []
    name = given.get("dbname") or given.get("user", "")
    hosts = (given.get("host") or given.get("hostaddr") or _name_local(given)).split(",")
    addresses = given.get("hostaddr", "").split(",")
    ports = (given.get("port") or DEFAULT_PORT).split(",")
    ports = ports if len(ports) == len(hosts) else ports[:1] * len(hosts)
    named = list(zip(hosts, ports, strict=True))
    if len(addresses) == len(hosts) and all(addresses):
        named += zip(addresses, ports, strict=True)
    return [(normalize_host(host), port or DEFAULT_PORT, name) for host, port in named]


def _name_local(given: Mapping[str, str]) -> str:
    """Return what stands for the host of a DSN without one: a service, or this machine."""
    service = given.get("service")
    return f"service {service}" if service else "localhost"
