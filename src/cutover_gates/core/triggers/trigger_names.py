"""Names that the triggers share: trigger, source, value, state, subject."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class TriggerName(StrEnum):
    """An automatic rollback trigger of the plan, and the rule for a watch that sees nothing."""

    HEALTH = "health"
    ERRORS = "error-rate"
    RESPONSE = "response-time"
    DATABASE = "database"
    BLIND = "blind"


class SignalSource(StrEnum):
    """Where a reading comes from. Readings of two sources are never added up."""

    PROBES = "probes"
    PROMETHEUS = "prometheus"
    LOGS = "logs"
    KUBERNETES = "kubernetes"


class TriggerValue(StrEnum):
    """The value of a condition at one evaluation."""

    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"


class TriggerState(StrEnum):
    """Where a condition stands. FIRED is kept until the watch ends."""

    CLEAR = "clear"
    PENDING = "pending"
    FIRED = "fired"


NEW = "new"
"""The subject of what the new release answers."""
SERVICE = "service"
"""The subject of all answers, or of the balancer."""
OLD = "old"
"""The release before. It is compared with, and nothing fires for it."""
INSTANCE = "instance:"
"""The beginning of the subject of one instance."""


@dataclass(frozen=True, order=True)
class ConditionKey:
    """What one condition is about. `operation` is empty where it is about all of them."""

    trigger: TriggerName
    subject: str
    source: SignalSource
    operation: str = ""

    @property
    def is_of_new_release(self) -> bool:
        """Whether another image of the new release makes what was seen void."""
        return self.subject == NEW or self.subject.startswith(INSTANCE)

    @property
    def text(self) -> str:
        """The key as the name in a JSON object."""
        return "/".join((self.trigger, self.subject, self.source, self.operation))


def parse_key(text: str) -> ConditionKey:
    """Return the key of a text; an operation may hold a slash. Raises `ValueError`."""
    trigger, subject, source, operation = text.split("/", 3)
    return ConditionKey(TriggerName(trigger), subject, SignalSource(source), operation)
