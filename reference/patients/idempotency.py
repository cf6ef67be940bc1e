"""Idempotent registration: the same `Idempotency-Key` gets the same answer, and one patient exists.

The key is taken in the transaction that registers. A second request with the same key waits in the
database for that transaction. It then finds its answer, or takes the key if it failed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from reference.pool import Rows
from reference.problems import Problem, invalid


def take(connection: Rows, username: str, key: str, body: Mapping[str, Any]) -> str | None:
    """Take the key for this body; return None if it was free, or the earlier answer (JSON).

    Raises `invalid` if the key was used for another body.
    """
    digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
    taken = connection.execute(
        "INSERT INTO idempotency_keys (username, key, body_sha256) VALUES (%s, %s, %s) ON CONFLICT"
        " DO NOTHING RETURNING key",
        [username, key, digest],
    ).fetchone()
    if taken:
        return None
    earlier = connection.execute(
        "SELECT body_sha256, answer FROM idempotency_keys WHERE username = %s AND key = %s",
        [username, key],
    ).fetchone()
    if earlier is None:
        raise Problem(
            "unavailable",
            "The patient of this Idempotency-Key was deleted this very moment; try again.",
        )
    if earlier["body_sha256"] != digest:
        raise invalid("Idempotency-Key", "was used for another body")
    return str(earlier["answer"])


def keep(connection: Rows, username: str, key: str, patient_id: UUID, answer: str) -> None:
    """Store the answer (JSON) for as long as the patient exists."""
    connection.execute(
        "UPDATE idempotency_keys SET patient_id = %s, answer = %s WHERE username = %s AND key = %s",
        [patient_id, answer, username, key],
    )
