"""The question whether the test message of each channel arrived."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from cutover_gates.config.review import ChannelArrivals
from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder
from cutover_gates.probes.observability.channels import rules
from cutover_gates.probes.observability.channels.sent_messages import (
    SentMessage,
    find_code_hashes,
    read_sent_messages,
)
from cutover_gates.probes.observability.observability_context import ObservabilityContext

TABLE = "monitoring.channel_arrivals.files"
LARGEST = 64 * 1024 * 1024
"""Bytes at the end of a receiver's file that are searched: a mailbox grows at its end."""
MAX_CLOCK_SKEW_SECONDS = 300.0


@dataclass(frozen=True)
class ChannelAssessments:
    """The question about channels. `channels` are the declared ones, `record` their messages."""

    settings: ChannelArrivals
    channels: Iterable[str]
    release: str
    record: Path
    resolve_path: Callable[[Path], Path]
    context: ObservabilityContext

    def assess(self) -> Assessment:
        """The newest test message of every channel was sent for this release, and arrived."""
        return self.context.assess("channels: arrivals", rules.MESSAGE_SENT, self._check)

    def _check(self, builder: AssessmentBuilder) -> None:
        names = sorted({*self.channels, *self.settings.files})
        if not names:
            self.context.add_undeclared(
                builder, rules.ARRIVALS_DECLARED, "monitoring", ["channels"]
            )
        try:
            sent = read_sent_messages(self.record)
        except (OSError, ValueError) as error:
            builder.add_gap(rules.MESSAGE_SENT, str(self.record), str(error))
            return
        for name in names:
            self._check_channel(builder, name, sent.get(name))

    def _check_channel(
        self, builder: AssessmentBuilder, name: str, message: SentMessage | None
    ) -> None:
        file = self.settings.files.get(name)
        if file is None:
            self.context.add_undeclared(builder, rules.ARRIVALS_DECLARED, TABLE, [name])
        elif name not in set(self.channels):
            self.context.add_undeclared(
                builder, rules.ARRIVALS_DECLARED, "monitoring.channels", [name]
            )
        elif reason := self._reject(message):
            builder.add_gap(rules.MESSAGE_SENT, f"channel {name}", reason)
        elif message is not None:
            self._search(builder, name, message, file)

    def _reject(self, message: SentMessage | None) -> str:
        """Return why a message proves nothing; an empty text where it does."""
        if message is None:
            return "no test message was sent"
        if message.release != self.release:
            return f"the last one was sent for release {message.release}"
        hours = (time.time() - message.at.timestamp()) / 3600
        if hours > self.settings.max_age_hours:
            return f"the last one was sent {hours:.1f} h ago"
        return "it is dated in the future" if hours * 3600 < -MAX_CLOCK_SKEW_SECONDS else ""

    def _search(
        self, builder: AssessmentBuilder, name: str, message: SentMessage, file: Path
    ) -> None:
        subject = f"channel {name}"
        if not message.accepted:
            builder.add_finding(
                rules.MESSAGE_ACCEPTED,
                subject,
                expected="an accepted message",
                actual="a refusal by the service",
            )
            return
        try:
            content = _read_end(self.resolve_path(file))
        except OSError as error:
            builder.add_gap(rules.MESSAGE_ARRIVED, subject, f"{file}: {type(error).__name__}")
            return
        builder.figures[name] = {"sent": message.at.isoformat(timespec="seconds")}
        if message.code_hash in find_code_hashes(content):
            builder.checked.append(subject)
        else:
            builder.add_finding(
                rules.MESSAGE_ARRIVED,
                subject,
                expected=f"the code of the test message in {file}",
                actual="it is not there",
            )


def _read_end(path: Path) -> bytes:
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - LARGEST))
        return file.read(LARGEST)
