"""The steps of the mapping check for the roles that the settings declare: each signs in."""

from __future__ import annotations

from collections.abc import Collection

from cutover_gates.drivers.mapping_check.check_context import CheckStep


def list_role_steps(names: Collection[str]) -> tuple[CheckStep, ...]:
    """Return a step for each role, by its name in the settings."""
    return tuple(_sign_in(name) for name in names)


def account_key(name: str) -> str:
    """Return the name under which the context holds the account of a declared role."""
    return f"account of the role {name}"


def _sign_in(name: str) -> CheckStep:
    return CheckStep(
        f"sign in with the role {name}",
        "sign_in",
        lambda context: context.driver.sign_in(context[account_key(name)]),
        (account_key(name),),
        f"the role {name}",
    )
