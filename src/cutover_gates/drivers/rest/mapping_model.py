"""The shape of a mapping: its tables and keys, and what each must be.

What every key means is said in `default_dialect.toml`.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from cutover_gates.drivers.rest.vocabulary import OPERATIONS
from cutover_gates.hospital import Reason

OwnId = Literal["patient_id", "visit_id", "document_id"]


class MappingTable(BaseModel):
    """Every table of the mapping: an unknown key is an error, and nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SignInLimit(MappingTable):
    """So many sign-ins, right or wrong, a target lets in within so many seconds."""

    sign_ins: int = Field(ge=1)
    seconds: float = Field(gt=0)


class TokenTable(MappingTable):
    """How a session shows itself, and how it is kept alive."""

    header: str = "Authorization"
    value: str = "Bearer {{ token }}"
    refresh_margin: float = Field(default=30.0, ge=0)  # seconds before the end of its life
    sign_ins_per_minute: int | None = Field(default=None, ge=1)
    sign_in_limit: SignInLimit | None = (
        None  # where the target counts over another time than a minute
    )

    @model_validator(mode="after")
    def one_limit(self) -> TokenTable:
        if self.sign_ins_per_minute is not None and self.sign_in_limit is not None:
            raise ValueError("give one of sign_ins_per_minute and sign_in_limit")
        return self

    @property
    def limit(self) -> tuple[int | None, float]:
        """How many may sign in (None: as many as like to) within how many seconds."""
        if self.sign_in_limit is not None:
            return self.sign_in_limit.sign_ins, self.sign_in_limit.seconds
        return self.sign_ins_per_minute, 60.0


class RejectionRule(MappingTable):
    """One way in which the target says no. All that is given must hold."""

    status: tuple[int, ...] = ()
    where: str | None = None  # JMESPath over the body
    text: str | None = None  # stands somewhere in the body, for errors that are pages
    operations: tuple[str, ...] = ()  # only in answers to these

    @model_validator(mode="after")
    def require_condition(self) -> RejectionRule:
        if not (self.status or self.where or self.text):
            raise ValueError("give a status, a where or a text")
        return self


class ErrorMap(MappingTable):
    """Where an error's message and request id stand."""

    message: str = "detail || title || message"
    request_id: str = "header:X-Request-Id"


class MappingStep(MappingTable):
    """One request."""

    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    path: str | None = None  # below base_path; every value in it is quoted
    url: str | None = None  # absolute, as it is; without the token unless token = true
    query: dict[str, Any] = Field(default_factory=dict)
    headers: dict[str, str] = Field(default_factory=dict)
    json_body: Any = Field(default=None, alias="json")
    form: dict[str, Any] | None = None
    multipart: dict[str, Any] | None = None
    bytes_body: str | None = Field(default=None, alias="bytes")
    leave_out_nulls: bool = False
    expect: tuple[int, ...] = (200, 201, 204)
    capture: dict[str, str] = Field(default_factory=dict)
    token: bool | None = None
    reads_only: bool = (
        False  # a POST that changes nothing, so that it may be sent to production as a set-up step
    )

    @model_validator(mode="after")
    def one_place_one_body(self) -> MappingStep:
        if (self.path is None) == (self.url is None):
            raise ValueError("give either a path or a url")
        if (
            sum(
                body is not None
                for body in (self.json_body, self.form, self.multipart, self.bytes_body)
            )
            > 1
        ):
            raise ValueError("give one of json, form, multipart, bytes")
        if self.path is not None and not self.path.startswith("/"):
            raise ValueError(f"a path starts with a slash, this one is {self.path!r}")
        return self


class Paging(MappingTable):
    """How a list goes on.

    Where the target wants it, a request says {{ page.number }}, page.size, page.offset or
    page.cursor.
    """

    style: Literal["page", "offset", "cursor", "link"]
    size: int = Field(default=100, ge=1)
    first: int = 1
    next: str | None = (
        None  # cursor and link: where the next one stands; "header:Link" is read as RFC 8288
    )

    @model_validator(mode="after")
    def require_next(self) -> Paging:
        if (self.style in ("cursor", "link")) != (self.next is not None):
            raise ValueError(
                "styles cursor and link say in `next` where the next one stands; page and offset"
                " have no `next`"
            )
        return self


class OperationMap(MappingTable):
    """What is sent for one operation, and what is read from its last answer."""

    steps: tuple[MappingStep, ...] = Field(min_length=1)
    let: dict[str, Any] = Field(default_factory=dict)  # values made once, before the first step
    answer: dict[str, str] = Field(
        default_factory=dict
    )  # over [answers.<kind>], for this operation only
    items: str | None = None  # where the list stands
    total: str | None = None  # where the count of all matches stands
    paging: Paging | None = None
    how: str = "deleted"  # retire_*: what happens to the thing, in a word
    base64: str | None = None  # content: where the bytes stand in a JSON body
    inline: bool = Field(
        default=False, exclude=True
    )  # not for the mapping's author: the one step was written without `steps`

    @model_validator(mode="before")
    @classmethod
    def one_step_may_stand_inline(cls, table: Any) -> Any:
        if not isinstance(table, dict) or "steps" in table:
            return table
        step = {key: value for key, value in table.items() if key in step_keys()}
        return {
            **{key: value for key, value in table.items() if key not in step},
            "steps": [step],
            "inline": True,
        }


class TargetMapping(MappingTable):
    """The whole mapping of one target. `source` is the file it stands in."""

    source: str = "default_dialect.toml"
    is_default: bool = False
    base_path: str = ""
    unique_fields: tuple[str, ...] = ()
    headers: dict[str, str] = Field(
        default_factory=dict
    )  # of every request to the target, also of those that show no token
    token: TokenTable = TokenTable()
    setup: tuple[MappingStep, ...] = ()
    refusals: dict[Reason, tuple[RejectionRule, ...]] = Field(default_factory=dict)
    error: ErrorMap = ErrorMap()
    words: dict[str, dict[str, tuple[str | int, ...]]] = Field(default_factory=dict)
    operations: dict[str, OperationMap]
    answers: dict[str, dict[str, str]] = Field(default_factory=dict)
    becomes: dict[str, str | None] = Field(
        default_factory=dict
    )  # a patient's fields that are stored otherwise than sent
    parameters: dict[str, OwnId] = Field(
        default_factory=dict
    )  # whose id a parameter of the target's own document is
    unsupported: dict[str, str] = Field(default_factory=dict)

    @field_validator("refusals", mode="before")
    @classmethod
    def one_rule_may_stand_alone(cls, table: Any) -> Any:
        return (
            {key: [rules] if isinstance(rules, dict) else rules for key, rules in table.items()}
            if isinstance(table, dict)
            else table
        )

    @field_validator("words", mode="before")
    @classmethod
    def one_word_may_stand_alone(cls, table: Any) -> Any:
        if not isinstance(table, dict):
            return table
        return {
            kind: (
                {key: word if isinstance(word, list) else [word] for key, word in words.items()}
                if isinstance(words, dict)
                else words
            )
            for kind, words in table.items()
        }

    def fields(self, operation: str) -> dict[str, str]:
        """Where the fields of this operation's answer stand."""
        kind = OPERATIONS[operation].answer
        return {**self.answers.get(kind or "", {}), **self.operations[operation].answer}

    def step_key(self, operation: str, index: int) -> str:
        """The dotted key of a step, as its author wrote it."""
        if operation == "setup":
            return f"setup[{index}]"
        inline = self.operations[operation].inline
        return f"operations.{operation}" if inline else f"operations.{operation}.steps[{index}]"

    def field_key(self, operation: str, field: str) -> str:
        """The dotted key of an answer's field, and its value, as its author wrote it."""
        kind = OPERATIONS[operation].answer
        own = field in self.operations[operation].answer
        return f"operations.{operation}.answer.{field}" if own else f"answers.{kind}.{field}"


@cache
def step_keys() -> frozenset[str]:
    return frozenset(table_keys(MappingStep))


def table_keys(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items() if not field.exclude]
