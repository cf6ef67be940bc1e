"""How a target comes up: embedded or in containers (started here), or remote (given)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cutover_gates.hospital import Credentials, Role


@dataclass(frozen=True)
class RunningTarget:
    """A target that is there to be asked.

    Goes to xdist workers as a plain mapping (`as_plain`); secrets never show in a repr.

    `database`, `standby` and `scratch` are DSNs; `of_the_mapping` are secrets, by the names that
    the mapping gives them; `backup` is where the newest backup lies, when the target itself says
    so. `surroundings` are settings that the target itself brings for what stands around it
    (`infrastructure`, `monitoring`): they go over those of the file.
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
    of_the_mapping: Mapping[str, str] = field(default_factory=dict, repr=False)
    log: str | None = None
    backup: str | None = None
    surroundings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_ephemeral(self) -> bool:
        """Whether all its data goes with the run, so that nothing need be taken away from it."""
        return self.kind in ("embedded", "containers")

    def as_plain(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "kind": self.kind,
            "url": self.url,
            "release": self.release,
            "production": self.production,
            "users": {
                role.value: [user.username, user.password] for role, user in self.users.items()
            },
            "database": self.database,
            "standby": self.standby,
            "scratch": self.scratch,
            "expired_token": self.expired_token,
            "of_the_mapping": dict(self.of_the_mapping),
            "log": self.log,
            "backup": self.backup,
            "surroundings": dict(self.surroundings),
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> RunningTarget:
        users = {Role(role): Credentials(*pair) for role, pair in plain["users"].items()}
        return cls(**{**plain, "users": users})

    def secrets(self) -> Mapping[str, str]:
        """Every secret by the name under which it is masked."""
        found = {f"password of {role.value}": user.password for role, user in self.users.items()}
        dsns = {
            "database dsn": self.database,
            "standby dsn": self.standby,
            "scratch dsn": self.scratch,
        }
        found |= {name: dsn for name, dsn in dsns.items() if dsn}
        if self.expired_token:
            found["expired token"] = self.expired_token
        found |= {f"secret {name}": value for name, value in self.of_the_mapping.items()}
        return found
