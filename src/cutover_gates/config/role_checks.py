"""Finds what is wrong with a role table as a whole: accounts, overlaps, and a table without use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cutover_gates.config.declared_tables import DeclaredCapability
from cutover_gates.config.roles import (
    LOOKING,
    OUTSIDER,
    PUBLIC_ROW,
    RoleSettings,
    account_of,
    accounts_of,
)
from cutover_gates.config.target_access import ACCOUNT_ROLES
from cutover_gates.core.tables import suggest_nearest

SEPARATION = "role-separation"
"""The capability: that some roles are refused what others may do."""
ONLY_CHANGES = "changes"
"""Its value where every role may read everything, and only changes are refused."""
_DECLARATION = SEPARATION + ' = {{ value = {}, reason = "…", by = "Ada Example", at = 2026-11-20 }}'


def merge_accounts(users: Any, roles: Mapping[str, RoleSettings] | None) -> Any:
    """Return `users` as read, with the accounts of variables beside those of the file.

    A variable's name can hold no hyphen: `READ_ONLY` also means the account `read-only`. Raises
    `ValueError` for an account that no role has; `roles` is None where they cannot be read.
    """
    if not isinstance(users, dict) or roles is None:
        return users
    known = accounts_of(roles) if roles else list(ACCOUNT_ROLES)
    spelt = {name.replace("-", "_"): name for name in known}
    merged: dict[str, Any] = {}
    for name, account in users.items():
        own = name if name in known else spelt.get(name, "")
        if not own:
            raise ValueError(_describe_unknown_account(name, known, declared=bool(roles)))
        both = isinstance(account, dict) and isinstance(merged.get(own), dict)
        merged[own] = {**merged[own], **account} if both else account
    return merged


def _describe_unknown_account(name: str, known: list[str], *, declared: bool) -> str:
    more = "" if declared else "; other roles stand in a table of roles"
    nearest = suggest_nearest(name, known)
    return f"no role has the account {name!r}.{nearest} Allowed: {', '.join(known)}{more}"


def check_roles(
    roles: Mapping[str, RoleSettings],
    usernames: Mapping[str, str],
    rows: Iterable[str],
    capabilities: Mapping[str, DeclaredCapability],
) -> None:
    """Raise `ValueError` for the first mistake.

    `usernames` are those of the accounts, `rows` the names of the rows of `contract.roles`.
    """
    fact = capabilities.get(SEPARATION)
    for mistake in _find_mistakes(roles, usernames, rows, fact.value if fact else None):
        raise ValueError(mistake)


def _find_mistakes(
    roles: Mapping[str, RoleSettings],
    usernames: Mapping[str, str],
    rows: Iterable[str],
    separation: object,
) -> Iterator[str]:
    if not roles and separation is None:
        return
    if not roles:
        yield (
            f"{SEPARATION} is declared, and there is no table of roles that says who may do what:"
            " write one for each role, or remove the line"
        )
        return
    yield from _find_unknown_rows(roles, rows)
    yield from _find_account_mistakes(roles, usernames)
    yield from _find_overlaps(roles, usernames)
    yield from _find_missing_refusals(roles, separation)


def _find_unknown_rows(roles: Mapping[str, RoleSettings], rows: Iterable[str]) -> Iterator[str]:
    for name in rows:
        if name not in roles and name != PUBLIC_ROW:
            nearest = suggest_nearest(name, roles)
            yield f"contract.roles has a row {name!r}, and no role is called so.{nearest}"


def _find_account_mistakes(
    roles: Mapping[str, RoleSettings], usernames: Mapping[str, str]
) -> Iterator[str]:
    outsider = usernames.get(OUTSIDER, "").casefold()
    for name, role in roles.items():
        account = account_of(name, role)
        if account not in usernames:
            nearest = suggest_nearest(account, usernames)
            yield (
                f"roles.{name} has the account {account!r}, and users has none of that name."
                f"{nearest} Give users.{account}, or name another one as roles.{name}.account"
            )
        elif usernames[account].casefold() == outsider:
            yield (
                f"roles.{name} and users.outsider sign in as the same user,"
                f" {usernames[account]!r}: an outsider has no rights here. Give one of them another"
                " account"
            )


def _find_overlaps(
    roles: Mapping[str, RoleSettings], usernames: Mapping[str, str]
) -> Iterator[str]:
    """Yield what one role of an account may do, and another role of the same account may not."""
    for name, role in roles.items():
        user = usernames[account_of(name, role)].casefold()
        for other, its in roles.items():
            shared = [one for one in role.refused if one in its.allowed]
            if shared and user == usernames[account_of(other, its)].casefold():
                yield (
                    f"roles.{name} and roles.{other} have one account, which may do"
                    f" {', '.join(shared)} as {other}: take it out of roles.{name}.may_not, or"
                    " give the role an account of its own"
                )


def _find_missing_refusals(roles: Mapping[str, RoleSettings], separation: object) -> Iterator[str]:
    refused = {name for role in roles.values() for name in role.refused}
    looks = sorted(refused & set(LOOKING))
    if separation is False and refused:
        yield (
            f"{SEPARATION} is declared absent, and roles are refused {', '.join(sorted(refused))}:"
            " remove the line"
        )
    elif separation == ONLY_CHANGES and looks:
        yield (
            f'{SEPARATION} is declared as "{ONLY_CHANGES}", and roles are refused'
            f" {', '.join(looks)}: remove the line"
        )
    elif not refused and separation is not False:
        yield (
            "no role is refused anything, so nothing proves that rights are checked: name under"
            " may_not what each role is refused, or say in capabilities why nothing is: "
            + _DECLARATION.format("false")
        )
    elif not looks and separation is None:
        yield (
            "no role is refused to read anything: name it under may_not, or say in capabilities"
            " why every role may read everything: " + _DECLARATION.format(f'"{ONLY_CHANGES}"')
        )
