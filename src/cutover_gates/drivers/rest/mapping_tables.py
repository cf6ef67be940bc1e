"""The smaller tables of a mapping: token, rejections, errors, steps and paging.

`default_dialect.toml` explains every key.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class MappingTable(BaseModel):
    """The base of all tables: an unknown key is an error, and nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SignInLimit(MappingTable):
    """The sign-ins, right or wrong, that a target accepts within so many seconds."""

    sign_ins: int = Field(ge=1)
    seconds: float = Field(gt=0)


class TokenTable(MappingTable):
    """The header that shows a session, and how the session is kept alive."""

    header: str = "Authorization"
    value: str = "Bearer {{ token }}"
    # Seconds before the end of a token's life.
    refresh_margin: float = Field(default=30.0, ge=0)
    sign_ins_per_minute: int | None = Field(default=None, ge=1)
    # For a target that counts over another time than a minute.
    sign_in_limit: SignInLimit | None = None

    @model_validator(mode="after")
    def one_limit(self) -> TokenTable:
        """Refuse two limits for sign-ins."""
        if self.sign_ins_per_minute is not None and self.sign_in_limit is not None:
            raise ValueError("give one of sign_ins_per_minute and sign_in_limit")
        return self

    @property
    def limit(self) -> tuple[int | None, float]:
        """The number of sign-ins (None: no limit) within so many seconds."""
        if self.sign_in_limit is not None:
            return self.sign_in_limit.sign_ins, self.sign_in_limit.seconds
        return self.sign_ins_per_minute, 60.0


class RejectionRule(MappingTable):
    """One form of a refusal by the target. All that is given must hold."""

    status: tuple[int, ...] = ()
    # A JMESPath over the body.
    where: str | None = None
    # A text somewhere in the body, for errors that are pages.
    text: str | None = None
    # The rule holds only in answers to these operations.
    operations: tuple[str, ...] = ()

    @model_validator(mode="after")
    def require_condition(self) -> RejectionRule:
        """Refuse a rule that would match every answer."""
        if not (self.status or self.where or self.text):
            raise ValueError("give a status, a where or a text")
        return self


class ErrorMap(MappingTable):
    """The places of an error's message and request id."""

    message: str = "detail || title || message"
    request_id: str = "header:X-Request-Id"


class MappingStep(MappingTable):
    """One request."""

    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    # Below base_path; every value in it is quoted.
    path: str | None = None
    # Absolute, as it is; sent without the token unless token = true.
    url: str | None = None
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
    # A POST that changes nothing may be sent to production as a set-up step.
    reads_only: bool = False

    @model_validator(mode="after")
    def one_place_one_body(self) -> MappingStep:
        """Refuse a step with two addresses, none, a relative path, or two bodies."""
        if (self.path is None) == (self.url is None):
            raise ValueError("give either a path or a url")
        bodies = (self.json_body, self.form, self.multipart, self.bytes_body)
        if sum(body is not None for body in bodies) > 1:
            raise ValueError("give one of json, form, multipart, bytes")
        if self.path is not None and not self.path.startswith("/"):
            raise ValueError(f"a path starts with a slash, this one is {self.path!r}")
        return self


class Paging(MappingTable):
    """The pages of a list.

    A request names the page by {{ page.number }}, page.size, page.offset or page.cursor.
    """

    style: Literal["page", "offset", "cursor", "link"]
    size: int = Field(default=100, ge=1)
    first: int = 1
    # Styles cursor and link: the place of the next page; "header:Link" is read as RFC 8288.
    next: str | None = None

    @model_validator(mode="after")
    def require_next(self) -> Paging:
        """Require `next` for the styles that need it, and refuse it for the others."""
        if (self.style in ("cursor", "link")) != (self.next is not None):
            raise ValueError(
                "styles cursor and link say in `next` where the next one stands; page and offset"
                " have no `next`"
            )
        return self


@cache
def step_keys() -> frozenset[str]:
    """Return the keys of a step, as they stand in the mapping."""
    return frozenset(table_keys(MappingStep))


def table_keys(model: type[BaseModel]) -> list[str]:
    """Return the keys of a table, as they stand in the mapping."""
    return [field.alias or name for name, field in model.model_fields.items() if not field.exclude]
