"""A target that somebody else runs: its URL, accounts and database are given in the settings."""

from __future__ import annotations

from cutover_gates.config.base import SettingsError
from cutover_gates.config.settings import Settings
from cutover_gates.hospital import Credentials, Role
from cutover_gates.targets import RunningTarget


def describe_remote(settings: Settings) -> RunningTarget:
    """The remote target as the settings describe it.

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
    users = {}
    for role, user in target.users.items():
        password = settings.read_secret(user, "password", f"{section}.users.{role}")
        if password is None:
            variable = f"CUTOVER_TARGETS__{name}__USERS__{role}__PASSWORD".upper()
            raise SettingsError(
                f"the password of {role} at target {name!r} is missing: set {variable}, "
                f"or password_file in [{section}.users.{role}]"
            )
        users[Role(role)] = Credentials(user.username, password)
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
        of_the_mapping={name: value.get_secret_value() for name, value in target.secrets.items()},
    )
