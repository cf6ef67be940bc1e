"""One marked test message to each channel, sent by Apprise.

An address holds a secret, so no finding and no log line quotes it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import partial

from cutover_gates.core.findings import Finding, gap_error
from cutover_gates.probes.observability.channels import rules
from cutover_gates.util.concurrency import run_concurrently

TITLE = "Test message of a cutover check"
LIBRARIES = ("apprise", "urllib3", "requests")
"""Loggers whose messages quote the address."""


def send_test_messages(channels: Mapping[str, str], body: str) -> Mapping[str, Finding | None]:
    """Send the message to each channel and return by its name the finding; None where it was taken.

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
    calls = [partial(_send, name, url, body) for name, url in channels.items()]
    return dict(zip(channels, run_concurrently(calls), strict=True))


def _send(name: str, url: str, body: str) -> Finding | None:
    import apprise  # loaded by the caller; an optional extra

    expected = "an accepted message"
    # One sender for each channel, so that one bad address does not stop the others.
    sender = apprise.Apprise()
    try:
        if not sender.add(url):
            return Finding(rules.ADDRESS_VALID, name, expected, "an unknown form of address")
        if sender.notify(title=TITLE, body=body):
            return None
    except Exception as error:
        # Of any error only the kind is reported: its text may hold the address.
        return Finding(rules.MESSAGE_ACCEPTED, name, expected, type(error).__name__)
    return Finding(rules.MESSAGE_ACCEPTED, name, expected, "a refusal by the service")
