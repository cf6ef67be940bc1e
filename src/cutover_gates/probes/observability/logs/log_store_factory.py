"""The log store that the settings name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from cutover_gates.config.logs_and_dashboards import LogSettings
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.core.findings import gap_error
from cutover_gates.probes.observability.logs import rules
from cutover_gates.probes.observability.logs.http_log_stores import (
    ElasticsearchLogStore,
    LokiLogStore,
)
from cutover_gates.probes.observability.logs.log_stores import (
    FileLogStore,
    KubectlLogStore,
    LogStore,
)
from cutover_gates.util.http_services import JsonService

NEEDED_KEYS = {
    "kubectl": "selector",
    "loki": "url and selector",
    "elasticsearch": "url",
    "file": "path",
    None: "kind",
}
"""The keys that each kind of store needs."""


def create_log_store(
    settings: LogSettings,
    log_path: str | None,
    *,
    resolve: Callable[[Path], Path] = Path,
    redactor: Redactor | None = None,
) -> LogStore:
    """Return the store that the settings name; by default the file that the target announced.

    `resolve` returns the location of a path in the settings.

    Raises:
        NotProven: no store is declared, or a key of it is missing.
        SettingsError: `ca_file` cannot be used.
    """
    kind, url, selector = settings.kind, settings.url, settings.selector
    if kind == "kubectl" and selector:
        return KubectlLogStore(settings)
    if kind == "loki" and url and selector:
        return LokiLogStore(_create_service(settings, url, resolve, redactor), settings)
    if kind == "elasticsearch" and url:
        return ElasticsearchLogStore(_create_service(settings, url, resolve, redactor), settings)
    if kind in ("file", None) and settings.path:
        return FileLogStore(resolve(settings.path), settings)
    if kind in ("file", None) and log_path:
        return FileLogStore(Path(log_path), settings)
    raise gap_error(rules.LOG_DECLARED, f"monitoring.logs.{NEEDED_KEYS[kind]}", "not set")


def _create_service(
    settings: LogSettings, url: str, resolve: Callable[[Path], Path], redactor: Redactor | None
) -> JsonService:
    paths = (settings.token_file, settings.ca_file)
    token, authority = (path and resolve(path) for path in paths)
    return JsonService(
        url, token_file=token, scheme=settings.token_scheme, ca_file=authority, redactor=redactor
    )
