"""Faults of the channels by which the team is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar

from cutover_gates.config.review import ChannelArrivals
from cutover_gates.probes.observability.channels import rules
from cutover_gates.probes.observability.channels.assessments import ChannelAssessments
from cutover_gates.probes.observability.channels.sent_messages import (
    SentMessage,
    hash_code,
    make_code,
    write_sent_messages,
)
from cutover_gates.probes.observability.observability_context import ObservabilityContext
from tests.faults.proofs.proof_fault import ProofFault

RECORD, MAILBOX = "staging.json", "mailbox"


class ChannelFault(ProofFault):
    """One channel, whose newest message was sent an hour ago and arrived."""

    item, fixture = "channels-tested", "channels"
    check = "test_the_test_message_arrived_in_every_channel"
    hours: ClassVar[float] = 1
    release: ClassVar[str] = "2.0.0"
    accepted: ClassVar[bool] = True
    channels: ClassVar[tuple[str, ...]] = ("operations",)

    @classmethod
    def write(cls, folder: Path) -> None:
        """Write the record and the receiver's file."""
        code, at = make_code(), datetime.now(UTC) - timedelta(hours=cls.hours)
        message = SentMessage(at, cls.release, cls.accepted, hash_code(code.encode()))
        write_sent_messages(folder / RECORD, {"operations": message})
        text = f"Subject: Test message of a cutover check\n {code}\n"
        (folder / MAILBOX).write_text(text, encoding="utf-8")

    @classmethod
    def asked(cls, folder: Path) -> ChannelAssessments:
        cls.write(folder)
        return ChannelAssessments(
            ChannelArrivals(files={"operations": Path(MAILBOX)}),
            cls.channels,
            "2.0.0",
            folder / RECORD,
            folder.joinpath,
            ObservabilityContext("staging"),
        )


class TheMessageNeverArrived(ChannelFault):
    """The service took it, and a filter put it away: in the night nobody is called."""

    breaks, shows = (rules.MESSAGE_ARRIVED,), "channel operations | the code of the test message"

    @classmethod
    def write(cls, folder: Path) -> None:
        super().write(folder)
        # An older message is there, which has another code.
        (folder / MAILBOX).write_text(f"Subject: {make_code()}\n", encoding="utf-8")


class TheRecordIsNamedAsTheReceiver(ChannelFault):
    """What was sent would prove that it arrived."""

    breaks, shows = (rules.MESSAGE_ARRIVED,), "channel operations | the code of the test message"

    @classmethod
    def write(cls, folder: Path) -> None:
        super().write(folder)
        (folder / MAILBOX).write_bytes((folder / RECORD).read_bytes())


class TheServiceRefusedTheMessage(ChannelFault):
    """Its token was revoked."""

    breaks, shows = (rules.MESSAGE_ACCEPTED,), "channel operations | an accepted message |"
    accepted = False


class NoMessageWasSent(ChannelFault):
    """The channel was set up last month, and never tried since."""

    breaks, outcome, shows = (rules.MESSAGE_SENT,), "not proven", "no test message was sent"

    @classmethod
    def write(cls, folder: Path) -> None:
        (folder / MAILBOX).touch()


class TheMessageIsOfTheLastRelease(ChannelFault):
    """The channel was changed since."""

    breaks, outcome, shows = (rules.MESSAGE_SENT,), "not proven", "was sent for release 1.9.0"
    release = "1.9.0"


class TheMessageIsOld(ChannelFault):
    """It is of last week."""

    breaks, outcome, shows = (rules.MESSAGE_SENT,), "not proven", "was sent 170.0 h ago"
    hours = 170


class AChannelHasNoReceiver(ChannelFault):
    """The pager is declared, and nobody says where its messages arrive."""

    breaks, outcome, shows = (
        (rules.ARRIVALS_DECLARED,),
        "not proven",
        "channel_arrivals.files.pager",
    )
    channels = ("operations", "pager")
