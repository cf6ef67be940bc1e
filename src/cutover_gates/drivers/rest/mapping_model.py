"""The mapping of a target: its operations, answers, rejections and words.

`default_dialect.toml` explains every key.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field, field_validator, model_validator

from cutover_gates.drivers.rest.mapping_tables import (
    ErrorMap,
    MappingStep,
    MappingTable,
    Paging,
    RejectionRule,
    TokenTable,
    step_keys,
)
from cutover_gates.drivers.rest.vocabulary import OPERATIONS
from cutover_gates.hospital import Reason


class OperationMap(MappingTable):
    """The requests of one operation, and what is read from its last answer."""

    steps: tuple[MappingStep, ...] = Field(min_length=1)
    # Values that are computed once, before the first step.
    let: dict[str, Any] = Field(default_factory=dict)
    # Laid over [answers.<kind>], for this operation only.
    answer: dict[str, str] = Field(default_factory=dict)
    # The place of the list.
    items: str | None = None
    # The place of the number of all matches.
    total: str | None = None
    paging: Paging | None = None
    # For retire_*: what happens to the thing, in a word.
    how: str = "deleted"
    # For content: the place of the bytes in a JSON body.
    base64: str | None = None
    # Not a key of the mapping: the one step was written without `steps`.
    inline: bool = Field(default=False, exclude=True)

    @model_validator(mode="before")
    @classmethod
    def one_step_may_stand_inline(cls, table: Any) -> Any:
        """Accept the keys of a single step beside those of the operation, without `steps`."""
        if not isinstance(table, dict) or "steps" in table:
            return table
        step = {key: value for key, value in table.items() if key in step_keys()}
        others = {key: value for key, value in table.items() if key not in step}
        return {**others, "steps": [step], "inline": True}


class TargetMapping(MappingTable):
    """The whole mapping of one target. `source` is the file in which it stands."""

    source: str = "default_dialect.toml"
    is_default: bool = False
    base_path: str = ""
    unique_fields: tuple[str, ...] = ()
    # Sent with every request to the target, also with those that show no token.
    headers: dict[str, str] = Field(default_factory=dict)
    token: TokenTable = TokenTable()
    setup: tuple[MappingStep, ...] = ()
    refusals: dict[Reason, tuple[RejectionRule, ...]] = Field(default_factory=dict)
    error: ErrorMap = ErrorMap()
    words: dict[str, dict[str, tuple[str | int, ...]]] = Field(default_factory=dict)
    operations: dict[str, OperationMap]
    answers: dict[str, dict[str, str]] = Field(default_factory=dict)
    # A patient's fields that are stored in another form than sent.
    becomes: dict[str, str | None] = Field(default_factory=dict)
    # Parameters of the target's own document that are one of our ids (`parameter_meanings`).
    parameters: dict[str, Any] = Field(default_factory=dict)
    unsupported: dict[str, str] = Field(default_factory=dict)

    @field_validator("refusals", mode="before")
    @classmethod
    def one_rule_may_stand_alone(cls, table: Any) -> Any:
        """Accept a single rule instead of a list of rules."""
        if not isinstance(table, dict):
            return table
        return {key: _as_list(rules, dict) for key, rules in table.items()}

    @field_validator("words", mode="before")
    @classmethod
    def one_word_may_stand_alone(cls, table: Any) -> Any:
        """Accept a single word instead of a list of words."""
        if not isinstance(table, dict):
            return table
        return {kind: _word_lists(words) for kind, words in table.items()}

    def fields(self, operation: str) -> dict[str, str]:
        """Return the place of each field in this operation's answer."""
        kind = OPERATIONS[operation].answer
        return {**self.answers.get(kind or "", {}), **self.operations[operation].answer}

    def step_key(self, operation: str, index: int) -> str:
        """Return the dotted key of a step, as its author wrote it."""
        if operation == "setup":
            return f"setup[{index}]"
        inline = self.operations[operation].inline
        return f"operations.{operation}" if inline else f"operations.{operation}.steps[{index}]"

    def field_key(self, operation: str, field: str) -> str:
        """Return the dotted key of an answer's field, as its author wrote it."""
        kind = OPERATIONS[operation].answer
        own = field in self.operations[operation].answer
        return f"operations.{operation}.answer.{field}" if own else f"answers.{kind}.{field}"


def _as_list(value: Any, single: type) -> Any:
    """Return a list of `value` where it is a single one."""
    return [value] if isinstance(value, single) else value


def _word_lists(words: Any) -> Any:
    """Return the words with a list for each. What is not a table is left to the validation."""
    if not isinstance(words, dict):
        return words
    return {key: word if isinstance(word, list) else [word] for key, word in words.items()}
