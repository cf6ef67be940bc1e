"""The record of the test messages that were sent, and the codes by which they are recognized.

The record holds only the hash of a code: whoever names the record itself as a receiver's file finds
nothing in it.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cutover_gates.core.bounded_json import parse_json
from cutover_gates.util.files import write_atomically

CODE = re.compile(rb"cutover-test-[0-9a-f]{32}")


@dataclass(frozen=True)
class SentMessage:
    """One test message. `accepted`: the service of the channel took it."""

    at: datetime
    release: str
    accepted: bool
    code_hash: str


def make_code() -> str:
    """Return a code that no other message carries."""
    return f"cutover-test-{secrets.token_hex(16)}"


def hash_code(code: bytes) -> str:
    """Return what the record holds of a code."""
    return hashlib.sha256(code).hexdigest()


def find_code_hashes(content: bytes) -> frozenset[str]:
    """Return the hashes of all codes in what a receiver left."""
    return frozenset(map(hash_code, CODE.findall(content)))


def write_sent_messages(path: Path, messages: Mapping[str, SentMessage]) -> None:
    """Write the record of a target: the newest message of each channel."""
    table = {
        name: {
            "at": message.at.isoformat(),
            "release": message.release,
            "accepted": message.accepted,
            "code_sha256": message.code_hash,
        }
        for name, message in messages.items()
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, json.dumps(table, indent=2) + "\n")


def read_sent_messages(path: Path) -> Mapping[str, SentMessage]:
    """Return the record of a target; nothing where no message was sent.

    Raises `ValueError` for a record that this program did not write.
    """
    try:
        tables = parse_json(path.read_bytes())
    except FileNotFoundError:
        return {}
    try:
        return {str(name): _make_message(table) for name, table in tables.items()}
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"not a record of test messages ({type(error).__name__})") from None


def _make_message(table: Mapping[str, Any]) -> SentMessage:
    at = datetime.fromisoformat(table["at"])
    if at.tzinfo is None:
        raise ValueError("a time without a zone")
    return SentMessage(
        at, str(table["release"]), table["accepted"] is True, str(table["code_sha256"])
    )
