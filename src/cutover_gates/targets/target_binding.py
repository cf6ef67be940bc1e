"""The system behind a target's name: what a ledger is bound to, so that ids mean the same thing.

A target keeps its name and its address when its database is replaced. A ledger of the old one then
names records of the new one that are somebody else's.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cutover_gates.config.settings import Settings
from cutover_gates.core.evidence.ledger import Ledger
from cutover_gates.core.evidence.ledger_lines import LedgerBinding
from cutover_gates.core.evidence.record import Recorder
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.hospital import MappingError, ProtocolViolation, Rejected, Unsupported
from cutover_gates.targets.driver_factory import open_driver
from cutover_gates.targets.running_target import RunningTarget

TO_DO = "If that system is gone, delete the file; else look there for what the run has left"


def open_ledger(
    path: Path, run_tag: str, settings: Settings, target: RunningTarget, redactor: Redactor
) -> Ledger:
    """Return a new ledger of a run, bound to the system that is behind the target now."""
    return Ledger(path, run_tag, target.name, read_binding(settings, target, redactor))


def read_binding(
    settings: Settings, target: RunningTarget, redactor: Redactor, system_name: str = ""
) -> LedgerBinding:
    """Return the system that is behind the target now; what cannot be asked stays empty.

    It is the database's own identifier, or without a database what the API calls itself. The data
    of an ephemeral target end with the run, so its address is enough. `system_name` is what the
    database answered already: then it is not asked again.
    """
    if target.binding is not None:
        return target.binding
    address = _strip_credentials(target.url)
    if target.is_ephemeral:
        return LedgerBinding(address)
    if target.database is not None:
        return LedgerBinding(address, system_name or _read_database(settings, target.database))
    return LedgerBinding(address, _read_reported_name(settings, target, redactor))


def _read_database(settings: Settings, dsn: str) -> str:
    # here, because psycopg takes long to load (0.1 s), and not every target gives a database
    from cutover_gates.probes.database.identity import fetch_system_name

    return fetch_system_name(dsn, settings.chosen_target.database)


def _read_reported_name(settings: Settings, target: RunningTarget, redactor: Redactor) -> str:
    try:
        driver = open_driver(settings, target, Recorder(redactor, cap=1), "")
        load = driver.features.served_document
        return _find_name(load()) if load else ""
    except (MappingError, ProtocolViolation, Rejected, Unsupported):
        return ""


def _find_name(document: Mapping[str, Any]) -> str:
    """Return the title of an OpenAPI document, or the software of a capability statement."""
    for table, key in (("info", "title"), ("software", "name")):
        part = document.get(table)
        if isinstance(part, Mapping) and part.get(key):
            return f"API {part[key]}"
    return ""


def find_binding_problem(ledger: Ledger, current: LedgerBinding, *, production: bool) -> str:
    """Return why a ledger must not be swept here; empty where it may be.

    An older version wrote no binding. Whose each record is gets read before it is removed, which
    is enough where no real patients are.
    """
    bound = ledger.binding
    if bound is None:
        if not production:
            return ""
        return (
            "an older version wrote it and does not say which database it speaks of, and this"
            f" target is production. {TO_DO}"
        )
    if bound == current:
        return ""
    if bound.address == current.address and not current.system:
        return f"it is bound to {bound.system}, which cannot be asked now. Run --sweep again later"
    return f"it is bound to {_describe(bound)}, and this is {_describe(current)}. {TO_DO}"


def _describe(binding: LedgerBinding) -> str:
    return f"{binding.address} ({binding.system or 'no database given'})"


def _strip_credentials(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
