"""Signs in once with each account of the target, before the first check.

A wrong password is reported once and at once. No check signs in with it again: each try would count
against the target's limit of sign-ins, and could lock a real account.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from cutover_gates.core.findings import Finding, NotProven
from cutover_gates.core.rules import ACCOUNT_SIGNS_IN
from cutover_gates.drivers.sessions import SessionPool
from cutover_gates.hospital import (
    Credentials,
    Driver,
    MappingError,
    ProtocolViolation,
    Reason,
    Rejected,
    Role,
    Unreachable,
    Unsupported,
)
from cutover_gates.plugin.run import PytestRun
from cutover_gates.targets.driver_factory import open_driver
from cutover_gates.targets.running_target import RejectedAccount, RunningTarget
from cutover_gates.util.text import first_error_line


def check_accounts(run: PytestRun) -> list[str]:
    """Sign in once with each account, and take the refused ones out of the run's target.

    Returns a sentence for each of them. A target that does not answer, or not as it should, is the
    checks' own business: they say more about it.
    """
    target = run.running_target
    assert target is not None
    if not target.users:
        return []
    driver = open_driver(run.settings, target, run.recorder, run.tag)
    if target.staff:
        return _check_staff(run, target, driver)
    pool = SessionPool(driver, target.users, redactor=run.redactor)
    try:
        refused = {role: why for role in target.users if (why := _try_sign_in(pool, role))}
    finally:
        pool.close()
    run.running_target = _without_accounts(target, refused)
    return [_describe_refusal(run.running_target, role) for role in refused]


def raise_if_rejected(target: RunningTarget, role: Role) -> None:
    """Raise `NotProven` where the account of this role was refused before the first check."""
    if role in target.rejected_accounts:
        raise NotProven(gaps=[_gap(role.value, target.rejected_accounts[role])])


def raise_if_role_rejected(target: RunningTarget, name: str) -> None:
    """Raise `NotProven` where the account of a declared role was refused before the first check."""
    if name in target.rejected_staff:
        raise NotProven(gaps=[_gap(name, target.rejected_staff[name])])


def _check_staff(run: PytestRun, target: RunningTarget, driver: Driver) -> list[str]:
    """Sign in once as each user that the declared roles have, and as the outsider."""
    accounts = {
        **target.staff,
        **{role.value: target.users[role] for role in (Role.OUTSIDER,) if role in target.users},
    }
    # Each user once: several roles may share one.
    by_user = {account.username: account for account in accounts.values()}
    pool = SessionPool(driver, by_user, redactor=run.redactor)
    try:
        refused = {user: why for user in by_user if (why := _try_sign_in(pool, user))}
    finally:
        pool.close()
    run.running_target = _without_users(target, refused)
    return [
        f"the account of the role {name} ({accounts[name].username}) cannot sign in:"
        f" {refused[accounts[name].username]}. Checks that need it are not run. Correct it or its"
        f" password in [targets.{target.name}.users], or unlock the account"
        for name in accounts
        if accounts[name].username in refused
    ]


def _without_users(target: RunningTarget, refused: Mapping[str, str]) -> RunningTarget:
    """Return the target without the accounts that sign in as one of the refused users."""
    by_work = {role: why for role in target.users if (why := _why(target.users[role], refused))}
    by_role = {name: why for name in target.staff if (why := _why(target.staff[name], refused))}
    without = _without_accounts(target, by_work)
    staff = {name: account for name, account in target.staff.items() if name not in by_role}
    rejected = {name: RejectedAccount(target.staff[name], why) for name, why in by_role.items()}
    return replace(without, staff=staff, rejected_staff=rejected)


def _why(account: Credentials, refused: Mapping[str, str]) -> str:
    """Return why the account, or one of its deputies, cannot sign in; empty where all can."""
    users = (account.username, *(one.username for one in account.deputies.values()))
    return next((refused[user] for user in users if user in refused), "")


def _try_sign_in(pool: SessionPool, role: str) -> str:
    """Return why the account is refused; empty where it is not, or where that cannot be told."""
    try:
        pool.session(role)
    except Rejected as rejection:
        # "Slow down" says nothing of the account: a check waits and signs in later.
        return "" if rejection.reason is Reason.THROTTLED else first_error_line(rejection)
    except (ProtocolViolation, Unreachable, Unsupported, MappingError):
        return ""
    return ""


def _without_accounts(target: RunningTarget, refused: dict[Role, str]) -> RunningTarget:
    rejected = {role: RejectedAccount(target.users[role], why) for role, why in refused.items()}
    users = {role: account for role, account in target.users.items() if role not in refused}
    return replace(target, users=users, rejected_accounts=rejected)


def _gap(role: str, account: RejectedAccount) -> Finding:
    subject = f"account of the {role} ({account.credentials.username})"
    return Finding(ACCOUNT_SIGNS_IN, subject, "", f"refused before the first check: {account.why}")


def _describe_refusal(target: RunningTarget, role: Role) -> str:
    account = target.rejected_accounts[role]
    return (
        f"the account of the {role.value} ({account.credentials.username}) cannot sign in:"
        f" {account.why}. Checks that need it are not run. Correct"
        f" [targets.{target.name}.users.{role.value}] or its password, or unlock the account"
    )
