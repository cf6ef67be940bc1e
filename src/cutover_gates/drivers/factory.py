"""The factory of drivers: `connect` creates the one that a target's settings name."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any

import httpx

from cutover_gates.core.evidence.record import Recorder
from cutover_gates.drivers.bounded_response import SIZE_LIMIT
from cutover_gates.drivers.http_client import HttpClient
from cutover_gates.drivers.own_driver import create_own_driver
from cutover_gates.drivers.refusal_guard import RefusalGuard
from cutover_gates.drivers.request_pace import RequestPace
from cutover_gates.drivers.rest.api_description import RecordedDocument
from cutover_gates.drivers.rest.mapping import load_mapping
from cutover_gates.drivers.rest.rest_driver import RestDriver
from cutover_gates.drivers.transport import ExchangeObserver, GuardedTransport
from cutover_gates.hospital import Driver


def make_client(
    transport: httpx.BaseTransport,
    *,
    fresh: bool = False,
    more_headers: Mapping[str, str] | None = None,
) -> httpx.Client:
    """Return a client on `transport`.

    It follows no redirect, takes no proxy or password from the environment, and asks for bodies
    without compression, so that bytes can be compared. With `fresh` each request makes a new
    connection, and asks caches on the way for the target's own answer (RFC 9111). `more_headers`
    are sent with each request.
    """
    headers = {"Accept-Encoding": "identity", "User-Agent": "cutover"}
    headers |= {"Cache-Control": "no-cache", "Connection": "close"} if fresh else {}
    headers |= more_headers or {}
    return httpx.Client(
        transport=transport, follow_redirects=False, trust_env=False, headers=headers
    )


def connect(
    base_url: str,
    *,
    recorder: Recorder,
    run_tag: str,
    driver: str = "rest",
    mapping: Mapping[str, Any] | None = None,
    source: str = "cutover.toml",
    production: bool = False,
    connect_seconds: float = 2.0,
    deadline: float = 5.0,
    patience: float = 6.0,
    answer_bytes: int = SIZE_LIMIT,
    tls: ssl.SSLContext | None = None,
    secrets: Mapping[str, str] | None = None,
    client: HttpClient | None = None,
    observer: ExchangeObserver | None = None,
    fresh: bool = False,
    asks_again: bool = False,
    pace: RequestPace | None = None,
    recorded_document: RecordedDocument = lambda: None,
    more_headers: Mapping[str, str] | None = None,
) -> Driver:
    """Return the driver of a target. Nothing is sent yet.

    `driver` is `rest`, `fhir`, or `package.module:Class` of an own driver. `mapping` is the table
    in `source`, None for the default dialect (for `fhir` the settings' table of that name).
    `connect_seconds`, `deadline` (seconds a request) and `patience` (seconds without any answer)
    bound every wait, `answer_bytes` every answer. `client` replaces the guarded one where it guards
    and bounds by itself, as in a load process; an own driver always gets an `httpx.Client`.
    `observer` is called with every request and its answer (`GuardedTransport`). `fresh` and
    `more_headers` are explained in `make_client`, `asks_again` and `pace` in `GuardedTransport`.
    `recorded_document` returns the API document of the release before.

    Raises `MappingError`.
    """
    transport = GuardedTransport(
        recorder,
        production=production,
        connect_seconds=connect_seconds,
        deadline=deadline,
        patience=patience,
        tls=tls,
        size_limit=answer_bytes,
        observer=observer,
        asks_again=asks_again,
        pace=pace,
    )
    client = client or make_client(transport, fresh=fresh, more_headers=more_headers)
    if driver == "rest":
        return RestDriver(
            base_url,
            load_mapping(mapping, source),
            client,
            run_tag=run_tag,
            recorder=recorder,
            secrets=secrets,
            transport=transport,
            recorded_document=recorded_document,
        )
    table = dict(mapping or {})
    if driver == "fhir":
        # Only a FHIR target needs this package: it takes 26 ms to import.
        from cutover_gates.drivers.fhir.fhir_factory import make_driver

        return make_driver(
            base_url,
            table,
            client,
            run_tag=run_tag,
            recorder=recorder,
            source=source,
            transport=transport,
        )
    own = create_own_driver(
        driver,
        base_url,
        client=client,
        run_tag=run_tag,
        recorder=recorder,
        settings=table,
        source=source,
    )
    return RefusalGuard(own) if production else own
