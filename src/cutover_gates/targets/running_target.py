"""A running target: its address, accounts and secrets, and the remote one of the settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from cutover_gates.config.base import SettingsError
from cutover_gates.config.settings import Settings
from cutover_gates.core.clock_slack import EXACT_CLOCK, ClockSlack
from cutover_gates.core.evidence.ledger_lines import LedgerBinding
from cutover_gates.hospital import Credentials, Role
from cutover_gates.targets.staffing import assign_accounts


@dataclass(frozen=True)
class RejectedAccount:
    """An account that the target refused before the first check, and why."""

    credentials: Credentials
    why: str

    def to_plain(self) -> list[Any]:
        """Return JSON-able values, with the password; `from_plain` reads them."""
        return [self.credentials.to_plain(), self.why]

    @classmethod
    def from_plain(cls, plain: Sequence[Any]) -> RejectedAccount:
        """Return the account that `to_plain` wrote."""
        return cls(Credentials.from_plain(plain[0]), plain[1])


@dataclass(frozen=True)
class RunningTarget:
    """A target that can receive requests.

    xdist workers get it as a plain mapping (`as_plain`). Secrets never appear in a repr.

    `database`, `standby` and `scratch` are DSNs. `mapping_secrets` are the mapping's secrets by
    their names. `log` is the path of its log, and `backup` that of its newest backup, where the
    target itself names them. `environment` are settings (`infrastructure`, `monitoring`) that an
    embedded target brings along; they replace those of the file. `binding` is the system behind it,
    where the run has asked for it. `rejected_accounts` are those that could not sign in before the
    first check; `users` no longer has them. `clock` says how far
    the true time may be from this machine's clock.

    `users` are the accounts that do the work of each role in the checks. `staff` are those of the
    roles that the target's settings declare, by name, and `rejected_staff` those of them that could
    not sign in; both are empty where the settings declare none.
    """

    name: str
    kind: str
    url: str
    release: str
    production: bool
    users: Mapping[Role, Credentials]
    database: str | None = field(default=None, repr=False)
    standby: str | None = field(default=None, repr=False)
    scratch: str | None = field(default=None, repr=False)
    expired_token: str | None = field(default=None, repr=False)
    mapping_secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    log: str | None = None
    backup: str | None = None
    environment: Mapping[str, Any] = field(default_factory=dict)
    previous_release: str | None = None
    binding: LedgerBinding | None = None
    rejected_accounts: Mapping[Role, RejectedAccount] = field(default_factory=dict)
    clock: ClockSlack = EXACT_CLOCK
    staff: Mapping[str, Credentials] = field(default_factory=dict, repr=False)
    rejected_staff: Mapping[str, RejectedAccount] = field(default_factory=dict)

    @property
    def is_ephemeral(self) -> bool:
        """True where all its data ends with the run, so that nothing has to be removed from it."""
        return self.kind in ("embedded", "containers")

    def as_plain(self) -> dict[str, Any]:
        """Return the target as JSON-able values; `from_plain` reads them."""
        return {
            "name": self.name,
            "kind": self.kind,
            "url": self.url,
            "release": self.release,
            "production": self.production,
            "users": {role.value: user.to_plain() for role, user in self.users.items()},
            "staff": {name: user.to_plain() for name, user in self.staff.items()},
            "database": self.database,
            "standby": self.standby,
            "scratch": self.scratch,
            "expired_token": self.expired_token,
            "mapping_secrets": dict(self.mapping_secrets),
            "log": self.log,
            "backup": self.backup,
            "environment": dict(self.environment),
            "previous_release": self.previous_release,
            "binding": asdict(self.binding) if self.binding else None,
            "rejected_accounts": {
                role.value: one.to_plain() for role, one in self.rejected_accounts.items()
            },
            "rejected_staff": {name: one.to_plain() for name, one in self.rejected_staff.items()},
            "clock": asdict(self.clock),
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> RunningTarget:
        """Return the target that `as_plain` wrote."""
        users = {Role(role): Credentials.from_plain(one) for role, one in plain["users"].items()}
        binding = LedgerBinding(**plain["binding"]) if plain["binding"] else None
        rejected = {
            Role(role): RejectedAccount.from_plain(one)
            for role, one in plain["rejected_accounts"].items()
        }
        rejected_staff = {
            name: RejectedAccount.from_plain(one) for name, one in plain["rejected_staff"].items()
        }
        clock = ClockSlack(**{**plain["clock"], "notes": tuple(plain["clock"]["notes"])})
        values = {
            "users": users,
            "staff": {name: Credentials.from_plain(one) for name, one in plain["staff"].items()},
            "binding": binding,
            "rejected_accounts": rejected,
            "rejected_staff": rejected_staff,
            "clock": clock,
        }
        return cls(**{**plain, **values})

    def secrets(self) -> Mapping[str, str]:
        """Return every secret by the name under which it is masked."""
        rejected = {role: one.credentials for role, one in self.rejected_accounts.items()}
        accounts = {**self.users, **rejected}
        found = {f"password of {role.value}": user.password for role, user in accounts.items()}
        refused = {name: one.credentials for name, one in self.rejected_staff.items()}
        staff = {**self.staff, **refused}
        found |= {f"password of the role {name}": user.password for name, user in staff.items()}
        dsns = {
            "database dsn": self.database,
            "standby dsn": self.standby,
            "scratch dsn": self.scratch,
        }
        found |= {name: dsn for name, dsn in dsns.items() if dsn}
        if self.expired_token:
            found["expired token"] = self.expired_token
        found |= {f"secret {name}": value for name, value in self.mapping_secrets.items()}
        return found


def describe_remote(settings: Settings) -> RunningTarget:
    """Return the remote target as the settings describe it.

    Raises `SettingsError` for a missing release or password.
    """
    target, name = settings.chosen_target, settings.target
    section = f"targets.{name}"
    release = settings.release or target.release
    if not release:
        raise SettingsError(
            f"target {name!r} names no release, and a verdict is bound to one: "
            f"give --release, CUTOVER_RELEASE, or release in [{section}]"
        )
    accounts = {}
    for role, user in target.users.items():
        password = settings.read_secret(user, "password", f"{section}.users.{role}")
        if password is None:
            variable = f"CUTOVER_TARGETS__{name}__USERS__{role}__PASSWORD".upper()
            raise SettingsError(
                f"the password of {role} at target {name!r} is missing: set {variable}, "
                f"or password_file in [{section}.users.{role}]"
            )
        accounts[role] = Credentials(user.username, password)
    users, staff = assign_accounts(settings, accounts)
    return RunningTarget(
        name,
        target.kind,
        (target.url or "").rstrip("/"),
        release,
        target.production,
        users,
        database=settings.read_secret(target.database, "dsn", f"{section}.database"),
        standby=settings.read_secret(target.database, "standby_dsn", f"{section}.database"),
        scratch=settings.read_secret(
            target.migrations.scratch, "dsn", f"{section}.migrations.scratch"
        ),
        expired_token=settings.read_secret(target, "expired_token", section),
        mapping_secrets={name: value.get_secret_value() for name, value in target.secrets.items()},
        previous_release=previous_release_of(settings, release),
        staff=staff,
    )


def previous_release_of(settings: Settings, release: str) -> str | None:
    """Return the declared release before the cutover; None where none is declared.

    Raises `SettingsError` where it is the release under judgement: it would then prove nothing.
    """
    previous = settings.previous_release or settings.chosen_target.previous_release
    if previous is not None and previous == release:
        raise SettingsError(
            f"target {settings.target!r}: release and previous_release are both {release!r}, so no"
            " answer could tell them apart. Also in a rollback `release` is the one that was"
            " deployed, and `previous_release` the one that is gone back to."
        )
    return previous
