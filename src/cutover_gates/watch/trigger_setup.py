"""Sets the triggers of a watch up: which ready paths are asked, and the target's own names."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from cutover_gates.config.base import SettingsError
from cutover_gates.config.settings import Settings
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.probes.observability.channels.notification_channels import (
    read_channel_address,
)
from cutover_gates.targets.driver_factory import infrastructure_of
from cutover_gates.targets.running_target import RunningTarget
from cutover_gates.watch.order_delivery import OrderDelivery, load_apprise
from cutover_gates.watch.prometheus_setup import open_prometheus
from cutover_gates.watch.reading_sources import ReadingSource
from cutover_gates.watch.record_lines import CHANNEL
from cutover_gates.watch.record_writer import RecordWriter
from cutover_gates.watch.rollback_names import build_rollback_names
from cutover_gates.watch.standing_order import search_rollback
from cutover_gates.watch.trigger_feed import TriggerFeed
from cutover_gates.watch.trigger_watch import TriggerWatch


def make_trigger_watch(
    settings: Settings,
    target: RunningTarget,
    feed: TriggerFeed,
    writer: RecordWriter,
    report: Callable[[str], None],
    redactor: Redactor,
    sources: tuple[ReadingSource, ...] = (),
) -> TriggerWatch:
    """Return the triggers of a watch; nothing is asked yet. `sources` are those of the watcher."""
    return TriggerWatch(
        settings.chosen_target.triggers,
        feed,
        writer,
        build_rollback_names(settings, target),
        list_ready_urls(settings, target),
        _load_authority(settings, target),
        report,
        (*sources, *list_reading_sources(settings, target, feed, redactor)),
        _make_delivery(settings, writer, report, redactor),
        search_rollback(settings, target),
    )


def list_reading_sources(
    settings: Settings, target: RunningTarget, feed: TriggerFeed, redactor: Redactor
) -> tuple[ReadingSource, ...]:
    """Return a reader for each declared source beside the watcher's own. Nothing is asked yet."""
    prometheus = open_prometheus(settings, target, feed.has_new_answered, redactor)
    return (prometheus,) if prometheus else ()


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


def _make_delivery(
    settings: Settings, writer: RecordWriter, report: Callable[[str], None], redactor: Redactor
) -> OrderDelivery:
    """Return the way to the declared channels; one that cannot be told is named at once."""
    addresses = dict(_read_addresses(settings, report))
    for name, address in addresses.items():
        redactor.learn(f"address of channel {name}", address)
    if addresses and not load_apprise():
        report("no channel will be told of an order: install the extra `surroundings` (Apprise)")

    def note(name: str, reason: str) -> None:
        """Write down whether a channel accepted the order."""
        masked = redactor.redact_text(reason)
        writer.write(CHANNEL, durable=True, channel=name, accepted=not reason, reason=masked)

    return OrderDelivery(addresses, lambda text: report(redactor.redact_text(text)), note)


def _read_addresses(settings: Settings, report: Callable[[str], None]) -> Iterator[tuple[str, str]]:
    """Yield name and address of each channel. A wrong one must not keep a watch from beginning."""
    for name in settings.chosen_target.monitoring.channels:
        try:
            yield name, read_channel_address(settings, name)
        except SettingsError as error:
            report(f"channel {name} will not be told of an order: {error}")
