"""Sets the triggers of a watch up: which ready paths are asked, and the target's own names."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from urllib.parse import urlsplit

from cutover_gates.config.base import SettingsError
from cutover_gates.config.settings import Settings
from cutover_gates.core.triggers.rollback_message import RollbackNames
from cutover_gates.targets.driver_factory import infrastructure_of
from cutover_gates.targets.running_target import RunningTarget
from cutover_gates.watch.reading_sources import ReadingSource
from cutover_gates.watch.record_writer import RecordWriter
from cutover_gates.watch.trigger_feed import TriggerFeed
from cutover_gates.watch.trigger_watch import TriggerWatch


def make_trigger_watch(
    settings: Settings,
    target: RunningTarget,
    feed: TriggerFeed,
    writer: RecordWriter,
    report: Callable[[str], None],
    sources: tuple[ReadingSource, ...] = (),
) -> TriggerWatch:
    """Return the triggers of a watch; nothing is asked yet. `sources` are those of the watcher."""
    return TriggerWatch(
        settings.chosen_target.triggers,
        feed,
        writer,
        _names(settings, target),
        list_ready_urls(settings, target),
        _load_authority(settings, target),
        report,
        (*sources, *list_reading_sources(settings, target)),
    )


def list_reading_sources(_settings: Settings, _target: RunningTarget) -> tuple[ReadingSource, ...]:
    """Return a reader for each declared source beside the probes. Nothing is asked yet."""
    return ()


def list_ready_urls(settings: Settings, target: RunningTarget) -> dict[str, str]:
    """Return the address of each ready path: of the balancer (empty name) and of each backend."""
    balancer = infrastructure_of(settings, target).balancer
    urls = {"": f"{(balancer.url or target.url).rstrip('/')}{balancer.health_path}"}
    for backend in balancer.backends:
        urls[urlsplit(backend).netloc] = f"{backend.rstrip('/')}{balancer.health_path}"
    return urls


def _load_authority(settings: Settings, target: RunningTarget) -> ssl.SSLContext | None:
    """Return a context with the declared authority of the balancer; None for the system's.

    Raises `SettingsError` where the file cannot be read.
    """
    infrastructure = infrastructure_of(settings, target)
    file = infrastructure.balancer.ca_file or infrastructure.tls.ca_file
    if file is None:
        return None
    try:
        return ssl.create_default_context(cafile=str(settings.resolve_path(file)))
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(f"the authority in {file} cannot be read: {error}") from None


def _names(settings: Settings, target: RunningTarget) -> RollbackNames:
    cluster = infrastructure_of(settings, target).cluster
    return RollbackNames(
        target.name,
        deployment=cluster.deployment,
        namespace=cluster.namespace,
        helm_release=cluster.helm_release,
        backup=target.backup,
        release=target.previous_release,
    )
