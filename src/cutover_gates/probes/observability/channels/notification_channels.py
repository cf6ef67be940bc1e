"""One message to each channel, sent by Apprise: a marked test message, or an order.

An address holds a secret, so no finding and no log line quotes it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import partial

from cutover_gates.config.base import SettingsError
from cutover_gates.config.settings import Settings
from cutover_gates.core.findings import Finding, gap_error
from cutover_gates.probes.observability.channels import rules
from cutover_gates.util.concurrency import run_concurrently

TITLE = "Test message of a cutover check"
LIBRARIES = ("apprise", "urllib3", "requests")
"""Loggers whose messages quote the address."""


def read_channel_addresses(settings: Settings) -> dict[str, str]:
    """Return the address of each channel of the chosen target; none where none is declared.

    Raises `SettingsError` where one is missing.
    """
    declared = settings.chosen_target.monitoring.channels
    return {name: read_channel_address(settings, name) for name in declared}


def read_channel_address(settings: Settings, name: str) -> str:
    """Return the address of one channel. Raises `SettingsError` where it is missing."""
    section = f"targets.{settings.target}.monitoring.channels.{name}"
    channel = settings.chosen_target.monitoring.channels[name]
    url = settings.read_secret(channel, "apprise_url", section)
    if not url:
        variable = f"CUTOVER_{section}.apprise_url".replace(".", "__").upper()
        raise SettingsError(
            f"[{section}] says nowhere to send: set apprise_url_file there, or {variable}"
        )
    return url


def send_test_messages(
    channels: Mapping[str, str], body: str, codes: Mapping[str, str] | None = None
) -> Mapping[str, Finding | None]:
    """Send the test message to each channel, as `send_messages` does.

    `codes` has the code that the message of each channel carries (`sent_messages`). It stands in
    the title, too: a mailbox may hold the body in base64.
    """

    def send(name: str, url: str) -> Mapping[str, Finding | None]:
        code = (codes or {}).get(name, "")
        return send_messages({name: url}, f"{TITLE} {code}".strip(), f"{body} {code}".strip())

    sent = run_concurrently(partial(send, name, url) for name, url in channels.items())
    return {name: finding for each in sent for name, finding in each.items()}


def send_messages(
    channels: Mapping[str, str], title: str, body: str
) -> Mapping[str, Finding | None]:
    """Send a message to each channel and return by its name the finding; None where it was taken.

    `channels` has the address of each channel by its name. Raises `NotProven` without Apprise.
    """
    try:
        # Only this action needs it, and it takes a second to load.
        import apprise as _  # noqa: F401
    except ImportError:
        raise gap_error(rules.APPRISE_INSTALLED, "apprise", "not installed") from None
    for name in LIBRARIES:
        # Above CRITICAL: nothing of them is logged.
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    calls = [partial(_send, name, url, title, body) for name, url in channels.items()]
    return dict(zip(channels, run_concurrently(calls), strict=True))


def _send(name: str, url: str, title: str, body: str) -> Finding | None:
    import apprise  # loaded by the caller; an optional extra

    expected = "an accepted message"
    # One sender for each channel, so that one bad address does not stop the others.
    sender = apprise.Apprise()
    try:
        if not sender.add(url):
            return Finding(rules.ADDRESS_VALID, name, expected, "an unknown form of address")
        if sender.notify(title=title, body=body):
            return None
    except Exception as error:
        # Of any error only the kind is reported: its text may hold the address.
        return Finding(rules.MESSAGE_ACCEPTED, name, expected, type(error).__name__)
    return Finding(rules.MESSAGE_ACCEPTED, name, expected, "a refusal by the service")
