"""The account that the fuzzing run acts with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cutover_gates.core.findings import Finding, NotProven
from cutover_gates.drivers.sessions import SessionPool
from cutover_gates.hospital import Driver, Role, Session
from cutover_gates.plugin.account_check import raise_if_rejected
from cutover_gates.plugin.run import PytestRun
from cutover_gates.probes.api.fuzzing import rules
from cutover_gates.targets.running_target import RunningTarget


@dataclass(frozen=True)
class FuzzAccount:
    """The account that the run signs in with. `header` is the one that shows its token."""

    pool: SessionPool
    role: Role
    show: Callable[[Session], tuple[str, str]]
    used: set[str]

    @property
    def header(self) -> str:
        """Return the name of the header. Raises as signing in does."""
        return self.show(self.pool.session(self.role))[0]

    def next_token(self) -> str:
        """Return a token that was not used before, in the form in which the header shows it.

        A token is asked for where there is none, where the last one has expired (the pool has
        another by then), and where it was refused.
        """
        if self.pool.session(self.role).access in self.used:
            self.pool.forget(self.role)
        session = self.pool.session(self.role)
        self.used.add(session.access)
        return self.show(session)[1]

    def remaining_seconds(self) -> float | None:
        """Return for how long the latest token is good; None: for ever."""
        return self.pool.remaining_seconds(self.role)


def _open_account(run: PytestRun, target: RunningTarget, hospital: Driver) -> FuzzAccount:
    role = Role(run.settings.chosen_target.contract.account)
    raise_if_rejected(target, role)
    if role not in target.users:
        raise NotProven(gaps=[_missing_account(target, role)])
    pool = SessionPool(hospital, target.users, redactor=run.redactor)
    return FuzzAccount(pool, role, hospital.features.session_header, set())


def _missing_account(target: RunningTarget, role: Role) -> Finding:
    return Finding(
        rules.RUN_POSSIBLE,
        f"account {role.value}",
        "",
        f"not given in [targets.{target.name}.users.{role.value}]; another one that may read"
        f" everything can be named as `account` in [targets.{target.name}.contract]",
    )
