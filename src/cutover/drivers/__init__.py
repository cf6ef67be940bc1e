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

from cutover.drivers.client import Client
from cutover.drivers.forger import tampered, unsigned
from cutover.drivers.guard import GuardError
from cutover.drivers.keeper import TokenKeeper
from cutover.drivers.ledgered import Ledgered
from cutover.drivers.mapping import load
from cutover.drivers.models import Mapping
from cutover.drivers.rest import RestHospital
from cutover.drivers.sweeping import Swept
from cutover.drivers.teaching import nearest
from cutover.drivers.transport import GuardedTransport, TargetGone, Watcher
from cutover.evidence import Recorder
from cutover.hospital import Hospital, MappingError

__all__ = [
    "GuardError",
    "GuardedTransport",
    "Ledgered",
    "Mapping",
    "RestHospital",
    "Swept",
    "TargetGone",
    "TokenKeeper",
    "client_for",
    "connect",
    "load",
    "tampered",
    "unsigned",
]


def client_for(transport: httpx.BaseTransport) -> httpx.Client:
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
    client: Client | None = None,
    seen: Watcher | None = None,
) -> Hospital:
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
    client = client or client_for(transport)
    if driver == "rest":
        return RestHospital(
            base_url,
            load(mapping, source),
            client,
            run_tag=run_tag,
            recorder=recorder,
            secrets=secrets,
            transport=transport,
        )
    if driver == "fhir":
        from cutover.drivers import fhir  # here, because only a FHIR target needs it

        return fhir.made(
            base_url,
            mapping or {},
            client,
            run_tag=run_tag,
            recorder=recorder,
            source=source,
            transport=transport,
        )
    made = _own_class(driver)
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
    return _is_a_hospital(hospital, driver, source)


def _own_class(driver: str) -> Any:
    module, colon, name = driver.partition(":")
    if not colon or not module or not name:
        raise MappingError(
            f"driver = {driver!r}: {nearest(driver, ['rest', 'fhir'])} A driver of your own is"
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


def _is_a_hospital(made: Any, driver: str, source: str) -> Hospital:
    """`made`, when it has every method of the protocol with parameters of the same names."""
    for name, method in inspect.getmembers(Hospital, inspect.isfunction):
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
    hospital: Hospital = made
    return hospital
