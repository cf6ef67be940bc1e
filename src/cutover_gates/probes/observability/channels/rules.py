"""Rules for the channels by which the team is notified."""

from __future__ import annotations

from cutover_gates.core.findings import Rule

MESSAGE_ACCEPTED = Rule(
    "CHAN-001",
    "The service of the channel accepts a test message",
    "Nobody is notified by a channel whose service refuses messages.",
    "Renew the address in apprise_url_file: its token may have been revoked.",
)
ADDRESS_VALID = Rule(
    "CHAN-002",
    "The address of the channel has a form that Apprise knows",
    "Without a valid address no message is sent.",
    "Write the address in apprise_url_file as Apprise's page on the service shows it.",
)
APPRISE_INSTALLED = Rule(
    "CHAN-003",
    "Apprise is installed",
    "Without it no test message can be sent.",
    "Install this project with its extra `surroundings`.",
)
