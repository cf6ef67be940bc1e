"""How a target comes up: embedded (started here) or remote (given)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cutover.hospital import Credentials, Role


@dataclass(frozen=True)
class Standing:
    """A target that is there to be asked. Goes to xdist workers as a plain mapping (`as_plain`); secrets never show in a repr."""

    name: str
    kind: str
    url: str
    release: str
    production: bool
    users: Mapping[Role, Credentials]
    database: str | None = field(default=None, repr=False)
    expired_token: str | None = field(default=None, repr=False)
    log: str | None = None

    def as_plain(self) -> dict[str, Any]:
        return {
            "name": self.name, "kind": self.kind, "url": self.url, "release": self.release, "production": self.production,
            "users": {role.value: [user.username, user.password] for role, user in self.users.items()},
            "database": self.database, "expired_token": self.expired_token, "log": self.log,
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Standing:
        users = {Role(role): Credentials(*pair) for role, pair in plain["users"].items()}
        return cls(**{**plain, "users": users})

    def secrets(self) -> Mapping[str, str]:
        """Every secret by the name under which it is masked."""
        found = {f"password of {role.value}": user.password for role, user in self.users.items()}
        if self.database:
            found["database dsn"] = self.database
        if self.expired_token:
            found["expired token"] = self.expired_token
        return found
