"""Drivers: the only place that knows URLs and payloads.

`connect` builds the one that a target's settings name.
"""

from __future__ import annotations

import importlib
import inspect
import ssl
from collections.abc import Mapping as Table
from typing import Any

import httpx

from cutover_gates.core.evidence.record import Recorder
from cutover_gates.drivers.cleanup import CleanupResult
from cutover_gates.drivers.http_exchange import HttpClient
from cutover_gates.drivers.ledger_driver import LedgerDriver
from cutover_gates.drivers.rest.mapping import load_mapping
from cutover_gates.drivers.rest.mapping_model import TargetMapping
from cutover_gates.drivers.rest.rest_driver import RestDriver
from cutover_gates.drivers.rest.vocabulary import suggest_nearest
from cutover_gates.drivers.sessions import SessionPool, strip_signature, tamper_signature
from cutover_gates.drivers.transport import (
    ExchangeObserver,
    GuardedTransport,
    GuardError,
    TargetUnavailable,
)
from cutover_gates.hospital import Driver, MappingError

__all__ = [
    "CleanupResult",
    "GuardError",
    "GuardedTransport",
    "LedgerDriver",
    "RestDriver",
    "SessionPool",
    "TargetMapping",
    "TargetUnavailable",
    "connect",
    "load_mapping",
    "make_client",
    "strip_signature",
    "tamper_signature",
]


def make_client(transport: httpx.BaseTransport) -> httpx.Client:
    """A client on `transport`: follows no redirect, reads no proxy or password from its
    surroundings, asks for bytes as they are.
    """
    headers = {"Accept-Encoding": "identity", "User-Agent": "cutover"}
    return httpx.Client(
        transport=transport, follow_redirects=False, trust_env=False, headers=headers
    )


def connect(
    base_url: str,
    *,
    recorder: Recorder,
    run_tag: str,
    driver: str = "rest",
    mapping: Table[str, Any] | None = None,
    source: str = "cutover.toml",
    production: bool = False,
    connect_seconds: float = 2.0,
    deadline: float = 5.0,
    patience: float = 6.0,
    tls: ssl.SSLContext | None = None,
    secrets: Table[str, str] | None = None,
    client: HttpClient | None = None,
    seen: ExchangeObserver | None = None,
) -> Driver:
    """The driver of a target.

    `driver` is `rest`, `fhir`, or `package.module:Class` of the user's own; `mapping` is the table
    in `source`, None for the default dialect (for `fhir` the settings' table of that name).
    `connect_seconds`, `deadline` (seconds a request) and `patience` (seconds without any answer)
    bound every wait. `client`: one that guards and bounds by itself, instead (a load process has
    its own); for a class of the user's own an `httpx.Client`. `seen` is shown every request with
    its answer (`GuardedTransport`).

    A class of the user's own is called with `base_url, client=, run_tag=, recorder=, settings=`
    (the mapping's table, as it is). Raises `MappingError`.
    """
    transport = GuardedTransport(
        recorder,
        production=production,
        connect_seconds=connect_seconds,
        deadline=deadline,
        patience=patience,
        tls=tls,
        seen=seen,
    )
    client = client or make_client(transport)
    if driver == "rest":
        return RestDriver(
            base_url,
            load_mapping(mapping, source),
            client,
            run_tag=run_tag,
            recorder=recorder,
            secrets=secrets,
            transport=transport,
        )
    if driver == "fhir":
        from cutover_gates.drivers import fhir  # only a FHIR target needs it

        return fhir.make_driver(
            base_url,
            mapping or {},
            client,
            run_tag=run_tag,
            recorder=recorder,
            source=source,
            transport=transport,
        )
    made = _import_driver_class(driver)
    try:
        hospital = made(
            base_url,
            client=client,
            run_tag=run_tag,
            recorder=recorder,
            settings=dict(mapping or {}),
        )
    except TypeError as error:
        raise MappingError(f"{source}: driver = {driver!r}: cannot be made: {error}") from error
    return _require_driver(hospital, driver, source)


def _import_driver_class(driver: str) -> Any:
    module, colon, name = driver.partition(":")
    if not colon or not module or not name:
        raise MappingError(
            f"driver = {driver!r}: {suggest_nearest(driver, ['rest', 'fhir'])} A driver of your own is"
            " 'package.module:Class'"
        )
    try:
        return getattr(importlib.import_module(module), name)
    except ImportError as error:
        raise MappingError(
            f"driver = {driver!r}: the module {module!r} cannot be imported: {error}"
        ) from error
    except AttributeError:
        raise MappingError(f"driver = {driver!r}: the module {module!r} has no {name!r}") from None


def _require_driver(made: Any, driver: str, source: str) -> Driver:
    """`make_driver`, when it has every method of the protocol with parameters of the same names."""
    for name, method in inspect.getmembers(Driver, inspect.isfunction):
        if name.startswith("_"):
            continue
        own = getattr(made, name, None)
        if not callable(own):
            raise MappingError(
                f"{source}: driver = {driver!r}: has no method {name}{inspect.signature(method)}"
            )
        wanted = [
            parameter for parameter in inspect.signature(method).parameters if parameter != "self"
        ]
        given = list(inspect.signature(own).parameters)
        if given[: len(wanted)] != wanted and not any(
            p.kind.name.startswith("VAR_") for p in inspect.signature(own).parameters.values()
        ):
            raise MappingError(
                f"{source}: driver = {driver!r}: {name} takes ({', '.join(given)}), expected"
                f" ({', '.join(wanted)})"
            )
    hospital: Driver = made
    return hospital
