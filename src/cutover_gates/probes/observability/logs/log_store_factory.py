"""Which store of logs the settings ask for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from cutover_gates.config.logs_and_dashboards import LogSettings
from cutover_gates.core.evidence.assessment import NotProven
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.probes.observability.logs.log_stores import (
    ElasticsearchLogStore,
    FileLogStore,
    KubectlLogStore,
    LogStore,
    LokiLogStore,
)
from cutover_gates.util.http_services import JsonService


def create_log_store(
    settings: LogSettings,
    log_path: str | None,
    *,
    resolve: Callable[[Path], Path] = Path,
    redactor: Redactor | None = None,
) -> LogStore:
    """The store that the settings name; without a word in them the file that the target itself
    announced. `resolve`: where a path of the settings is.

    Raises `NotProven` where there is none, `SettingsError` where it cannot be used.
    """
    if settings.kind == "kubectl" and settings.selector:
        return KubectlLogStore(settings)
    if settings.kind == "loki" and settings.url and settings.selector:
        return LokiLogStore(_create_service(settings, settings.url, resolve, redactor), settings)
    if settings.kind == "elasticsearch" and settings.url:
        return ElasticsearchLogStore(
            _create_service(settings, settings.url, resolve, redactor), settings
        )
    if settings.kind in ("file", None) and (settings.path or log_path):
        return FileLogStore(
            resolve(settings.path) if settings.path else Path(str(log_path)), settings
        )
    lacking = {
        "kubectl": "selector",
        "loki": "url and selector",
        "elasticsearch": "url",
        "file": "path",
        None: "kind and what it needs",
    }
    raise NotProven(
        f"nobody says where the target's log is: set {lacking[settings.kind]} in"
        " [targets.NAME.monitoring.logs]"
    )


def _create_service(
    settings: LogSettings, url: str, resolve: Callable[[Path], Path], redactor: Redactor | None
) -> JsonService:
    token, authority = (path and resolve(path) for path in (settings.token_file, settings.ca_file))
    return JsonService(
        url, token_file=token, scheme=settings.token_scheme, ca_file=authority, redactor=redactor
    )
