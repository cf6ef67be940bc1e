"""Signs in once with each account of the target, before the first check.

A wrong password is reported once and at once. No check signs in with it again: each try would count
against the target's limit of sign-ins, and could lock a real account.
"""

from __future__ import annotations

from dataclasses import replace

from cutover_gates.core.findings import Finding, NotProven
from cutover_gates.core.rules import ACCOUNT_SIGNS_IN
from cutover_gates.drivers.sessions import SessionPool
from cutover_gates.hospital import (
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
        raise NotProven(gaps=[_gap(target, role)])


def _try_sign_in(pool: SessionPool, role: Role) -> str:
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


def _gap(target: RunningTarget, role: Role) -> Finding:
    account = target.rejected_accounts[role]
    subject = f"account of the {role.value} ({account.credentials.username})"
    return Finding(ACCOUNT_SIGNS_IN, subject, "", f"refused before the first check: {account.why}")


def _describe_refusal(target: RunningTarget, role: Role) -> str:
    account = target.rejected_accounts[role]
    return (
        f"the account of the {role.value} ({account.credentials.username}) cannot sign in:"
        f" {account.why}. Checks that need it are not run. Correct"
        f" [targets.{target.name}.users.{role.value}] or its password, or unlock the account"
    )
