"""Passwords as argon2id hashes.

The cost of a hash is a setting. `LIGHT` takes about 10 ms and is for the embedded hospital: its
accounts guard nobody, and a gate signs in hundreds of times on two
cores. `FULL` is argon2's own recommendation, for accounts that matter.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError


@dataclass(frozen=True)
class Hashing:
    """Cost of argon2: passes over the memory, memory in KiB, threads."""

    passes: int
    memory: int
    threads: int = 1


LIGHT = Hashing(passes=2, memory=8 * 1024)
FULL = Hashing(passes=3, memory=64 * 1024, threads=4)


def hash_of(password: str, hashing: Hashing, salt: bytes | None = None) -> str:
    """Return a salted hash, its cost included; by default with a new salt."""
    return _hasher(hashing).hash(password, salt=salt)


def matches(password: str, password_hash: str | None, hashing: Hashing) -> bool:
    """Return whether this is the password.

    It takes as long for an account that does not exist (None) as for one that does.
    """
    try:
        return (
            _hasher(hashing).verify(password_hash or _nobodys_hash(hashing), password)
            and password_hash is not None
        )
    except (Argon2Error, InvalidHashError):
        return False


@cache
def _hasher(hashing: Hashing) -> PasswordHasher:
    return PasswordHasher(
        time_cost=hashing.passes, memory_cost=hashing.memory, parallelism=hashing.threads
    )


@cache
def _nobodys_hash(hashing: Hashing) -> str:
    return _hasher(hashing).hash("nobody has this password")
