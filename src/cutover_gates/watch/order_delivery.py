"""Tells the declared channels that a rollback is ordered, beside the watch and within a bound.

A channel that refuses is told at the terminal and in the record. Nothing here stops a watch.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from cutover_gates.core.findings import Finding, NotProven, describe_finding
from cutover_gates.util.concurrency import query_all
from cutover_gates.util.http import SourceUnavailable

DELIVERY_SECONDS = 10.0
"""Seconds that one channel may take to accept the order."""
TITLE = "ROLL BACK NOW"
Send = Callable[[str, str, str, str], Finding | None]
"""Sends one message: name and address of the channel, title, text. None: it was accepted."""


def load_apprise() -> bool:
    """Return whether Apprise is there; it is loaded before the probes begin (a second)."""
    try:
        import apprise as _  # noqa: F401  # an optional extra, and only a watch with channels needs it
    except ImportError:
        return False
    return True


def send_by_apprise(name: str, address: str, title: str, text: str) -> Finding | None:
    """Send one message by Apprise. Raises `NotProven` where it is not installed."""
    # here, because only a watch with channels needs Apprise, which takes a second to load
    from cutover_gates.probes.observability.channels import notification_channels

    sent = notification_channels.send_messages({name: address}, title, text)
    return sent[name]


@dataclass
class OrderDelivery:
    """The channels by name with their addresses. `note` gets channel and reason, '' if accepted.

    `report` gets a line for the person at the terminal, without any address.
    """

    channels: Mapping[str, str]
    report: Callable[[str], None]
    note: Callable[[str, str], None]
    send: Send = send_by_apprise
    _threads: list[threading.Thread] = field(default_factory=list)

    def tell(self, text: str) -> None:
        """Tell every channel, in a thread of its own. Returns at once."""
        if not self.channels:
            return
        thread = threading.Thread(target=self._deliver, args=(text,), daemon=True, name="order")
        thread.start()
        self._threads.append(thread)

    def close(self) -> None:
        """Wait for what is under way, as long as a channel may take."""
        for thread in self._threads:
            thread.join(DELIVERY_SECONDS + 1)

    def _deliver(self, text: str) -> None:
        answers = query_all(self.channels, lambda name: self._send(name, text), DELIVERY_SECONDS)
        for name, answer in answers.items():
            reason = str(answer) if answer is not None else ""
            self.note(name, reason)
            if reason:
                self.report(f"channel {name} was not told to roll back: {reason}. Tell it by hand")

    def _send(self, name: str, text: str) -> str | None:
        """Return why a channel did not accept the text; None where it did."""
        try:
            finding = self.send(name, self.channels[name], TITLE, text)
        except NotProven as error:
            return str(error)
        except SourceUnavailable:
            raise
        except Exception as error:  # its text may hold the address: only the kind is told
            return f"it cannot be asked ({type(error).__name__})"
        return describe_finding(finding) if finding else None
