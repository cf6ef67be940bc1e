"""Who may do what at a target: `[targets.NAME.roles.ROLE]`.

`config.role_checks` refuses a table that contradicts itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field, field_validator, model_validator

from cutover_gates.config.base import SettingsTable
from cutover_gates.core.tables import suggest_nearest

LOOKING = ("patient", "search", "visit", "visits_of", "document", "content", "documents_of")
CHANGING = (
    *("register", "update", "open_visit", "admit", "discharge", "cancel", "upload"),
    *("retire_patient", "retire_visit", "retire_document"),
)
ROLE_OPERATIONS = (*LOOKING, *CHANGING)
"""The operations of the language that a role may, or may not, be allowed."""
THE_REST = "*"
"""Stands in one of the two lists for all that the other one does not name."""
ROLE_NAME = r"[a-z0-9]+([_-][a-z0-9]+)*"
OUTSIDER = "outsider"
PUBLIC_ROW = "anybody"
"""The row of `contract.roles` with the operations that are open to everybody."""
NO_ROLES = frozenset({OUTSIDER, PUBLIC_ROW, "stranger", "nobody"})
"""Names of people who are given no rights."""
_EXAMPLE = 'may = ["patient", "search", "GET /api/v1/audit"]'


class RoleSettings(SettingsTable):
    """What a role may do, and what it is refused. What neither list names is not asked."""

    account: str | None = Field(
        default=None,
        min_length=1,
        examples=["nurse"],
        description=(
            "The account under `users` that has the role; roles may share one. Default: the one"
            " with the name of the role."
        ),
    )
    may: tuple[str, ...] = Field(
        default=(),
        examples=[["patient", "search", "visits_of", "admit", "GET /api/v1/audit"]],
        description=(
            "What the role may do: operations of the language, operations of the API's document"
            " (`*` in them stands for anything), or `*` for all that `may_not` does not name. A"
            " check does it."
        ),
    )
    may_not: tuple[str, ...] = Field(
        default=(),
        examples=[["*"]],
        description=(
            "What the role is refused, in the same words. A check tries it, and looks that nothing"
            " happened."
        ),
    )

    @field_validator("may", "may_not")
    @classmethod
    def _check_names(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if name != THE_REST and name not in ROLE_OPERATIONS and not is_documented(name):
                nearest = suggest_nearest(name, ROLE_OPERATIONS)
                raise ValueError(
                    f"no operation is called {name!r}.{nearest} Write"
                    f" {', '.join(ROLE_OPERATIONS)}, * for the rest, or an operation of the API's"
                    " document with its method"
                )
        return names

    @model_validator(mode="after")
    def _check_lists(self) -> RoleSettings:
        twice = [name for name in self.may if name in self.may_not]
        if twice:
            raise ValueError(
                f"{', '.join(twice)} stands in may and in may_not: take it out of one of them"
            )
        if not self.may and not self.may_not:
            raise ValueError(f"the role lists nothing; write such as {_EXAMPLE}")
        return self

    @property
    def allowed(self) -> tuple[str, ...]:
        """The operations of the language that the role may do."""
        return _expand(self.may, self.may_not)

    @property
    def refused(self) -> tuple[str, ...]:
        """The operations of the language that the role is refused."""
        return _expand(self.may_not, self.may)

    @property
    def unlisted(self) -> tuple[str, ...]:
        """The operations of the language that neither list names: they are not asked."""
        listed = {*self.allowed, *self.refused}
        return tuple(name for name in ROLE_OPERATIONS if name not in listed)

    @property
    def documented(self) -> tuple[str, ...]:
        """The operations of the API's document that one of the lists names."""
        return tuple(name for name in (*self.may, *self.may_not) if is_documented(name))


def _expand(names: tuple[str, ...], others: tuple[str, ...]) -> tuple[str, ...]:
    """Return the operations of the language that `names` means beside the list `others`."""
    rest = THE_REST in names
    return tuple(name for name in ROLE_OPERATIONS if name in names or (rest and name not in others))


def is_documented(name: str) -> bool:
    """Return whether a name is an operation of an API's document, such as `GET /patients`."""
    method, _, path = name.partition(" ")
    return method.replace("*", "A").isupper() and path.startswith(("/", "*"))


def account_of(name: str, role: RoleSettings) -> str:
    """Return the key under `users` of the account that a role has."""
    return role.account or name


def accounts_of(roles: Mapping[str, RoleSettings]) -> list[str]:
    """Return the accounts that the roles have, and the outsider's, each once."""
    accounts = [account_of(name, role) for name, role in roles.items()]
    return list(dict.fromkeys([*accounts, OUTSIDER]))


def _check_role_names(roles: dict[str, RoleSettings]) -> dict[str, RoleSettings]:
    for name, role in roles.items():
        outsider = OUTSIDER if account_of(name, role) == OUTSIDER else ""
        if name in NO_ROLES or outsider:
            raise ValueError(
                f"{name} is given rights, and {outsider or name!r} stands for people who have none"
                " here: give the role another name, and an account of this facility"
            )
    return roles


RoleName = Annotated[str, Field(pattern=f"^{ROLE_NAME}$")]
Roles = Annotated[dict[RoleName, RoleSettings], AfterValidator(_check_role_names)]
