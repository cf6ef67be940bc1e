"""Declared facts of a migration that a named person stands for."""

from __future__ import annotations

from pydantic import Field, model_validator

from cutover_gates.config.declared_tables import DeclaredFact


class NamedFact(DeclaredFact):
    """A fact of a target that was never read from a plain text: it names a person and a day."""

    @model_validator(mode="after")
    def _require_named_person(self) -> NamedFact:
        if self.is_anonymous:
            raise ValueError("name the person and the day, too: { reason, by, at }")
        return self


class Standstill(NamedFact):
    """The fact that nobody wrote since the snapshot, so that a restore of it loses nothing.

    It may be declared before or after the snapshot. What a gate saw come since refutes it.
    """

    although: str | None = Field(
        default=None,
        description=(
            "Why rows that a gate saw come since the snapshot are no work of people, such as a"
            " script that doubled them. Without it they refute the declaration."
        ),
        examples=["V8 doubled the rows of visits, and nobody entered any"],
    )
