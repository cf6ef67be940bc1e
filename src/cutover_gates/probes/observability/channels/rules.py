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
ARRIVALS_DECLARED = Rule(
    "CHAN-004",
    "Every channel has a file in which its receiver leaves what arrived",
    "That a service accepted a message does not say that it arrived.",
    "Name the file of each channel in [targets.NAME.monitoring.channel_arrivals.files]. Where a"
    " receiver leaves none, remove the table: then a person attests the item of the plan.",
)
MESSAGE_SENT = Rule(
    "CHAN-005",
    "A test message was sent to the channel for this release, not too long ago",
    "The channel may have been changed since the last one.",
    "Send one: pytest --send-test-messages --target NAME, with the same reports folder.",
)
MESSAGE_ARRIVED = Rule(
    "CHAN-006",
    "The test message arrived in the channel",
    "In the night nobody is notified.",
    "Look where the service took it, correct the channel, and send again. Or correct the file in"
    " channel_arrivals.files.",
)
