"""Which store of logs the settings ask for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from cutover.evidence import Redactor
from cutover.evidence.examination import NotProven
from cutover.settings.signals import Logs as LogSettings
from cutover.telemetry.signals.service import Service
from cutover.telemetry.signals.stores import Elasticsearch, File, Kubectl, Loki, Store


def store_of(
    settings: LogSettings,
    log_path: str | None,
    *,
    resolve: Callable[[Path], Path] = Path,
    redactor: Redactor | None = None,
) -> Store:
    """The store that the settings name; without a word in them the file that the target itself
    announced. `resolve`: where a path of the settings is.

    Raises `NotProven` where there is none, `SettingsError` where it cannot be used.
    """
    if settings.kind == "kubectl" and settings.selector:
        return Kubectl(settings)
    if settings.kind == "loki" and settings.url and settings.selector:
        return Loki(_service(settings, settings.url, resolve, redactor), settings)
    if settings.kind == "elasticsearch" and settings.url:
        return Elasticsearch(_service(settings, settings.url, resolve, redactor), settings)
    if settings.kind in ("file", None) and (settings.path or log_path):
        return File(resolve(settings.path) if settings.path else Path(str(log_path)), settings)
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


def _service(
    settings: LogSettings, url: str, resolve: Callable[[Path], Path], redactor: Redactor | None
) -> Service:
    token, authority = (path and resolve(path) for path in (settings.token_file, settings.ca_file))
    return Service(
        url, token_file=token, scheme=settings.token_scheme, ca_file=authority, redactor=redactor
    )
