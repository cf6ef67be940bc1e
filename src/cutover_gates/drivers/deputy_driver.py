"""The wrapper by which several accounts do one person's work, each what its role may do."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import cast

from cutover_gates.drivers.driver_wrapper import DriverWrapper
from cutover_gates.hospital import Credentials, Driver, DriverFeatures, Session


class DeputyDriver(DriverWrapper):
    """A driver that uses the deputy's session where an operation has one.

    Signing in, renewing and signing out do the same for all of them.
    """

    @property
    def features(self) -> DriverFeatures:
        """The features of the inner driver; its pages are asked for by the same people."""
        features = super().features
        turn = features.with_page_size
        if turn is None:
            return features
        return replace(features, with_page_size=lambda size: DeputyDriver(turn(size)))

    def session_for(self, operation: str, session: Session) -> Session:
        """Return the session of the operation's deputy, or the given one."""
        return session.deputies.get(operation, session)

    def sign_in(self, credentials: Credentials) -> Session:
        """Sign in with the account and each of its deputies, each user once."""
        session = super().sign_in(credentials)
        accounts = credentials.deputies
        by_user = {account.username: account for account in accounts.values()}
        sessions = {user: super(DeputyDriver, self).sign_in(one) for user, one in by_user.items()}
        deputies = {name: sessions[account.username] for name, account in accounts.items()}
        return _join(session, deputies)

    def refresh(self, session: Session) -> Session:
        """Renew the session and those of its deputies."""
        renew = super().refresh
        return _join(renew(session), self._each_deputy(session, renew))

    def sign_out(self, session: Session) -> None:
        """End the session and those of its deputies."""
        end = super().sign_out
        end(session)

        def end_deputy(deputy: Session) -> Session:
            end(deputy)
            return deputy

        self._each_deputy(session, end_deputy)

    @staticmethod
    def _each_deputy(session: Session, act: Callable[[Session], Session]) -> dict[str, Session]:
        """Return what `act` makes of each deputy's session, of each user once."""
        done: dict[str, Session] = {}
        for deputy in session.deputies.values():
            if deputy.username not in done:
                done[deputy.username] = act(deputy)
        return {name: done[deputy.username] for name, deputy in session.deputies.items()}


def _join(session: Session, deputies: dict[str, Session]) -> Session:
    """Return the session with its deputies. It lasts as long as the shortest of them."""
    ends = [one.expires_in for one in (session, *deputies.values()) if one.expires_in is not None]
    return replace(session, deputies=deputies, expires_in=min(ends, default=None))


def add_deputies(driver: Driver, accounts: Iterable[Credentials]) -> Driver:
    """Return the driver, wrapped where one of the accounts has deputies."""
    if not any(account.deputies for account in accounts):
        return driver
    return cast(Driver, DeputyDriver(driver))
