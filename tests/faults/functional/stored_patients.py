"""How a fault changes what is stored of a patient, at the registration and at each correction."""

# What takes a function's place takes what that one took, whether it looks at it or not.

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from reference.patients import store
from tests.faults.fault import replace

Body = Mapping[str, Any]


def store_patients_otherwise(change: Callable[[Body], Body]) -> None:
    """Store each patient with the values that `change` gives in place of those that were sent."""
    insert, update = store.insert, store.update
    replace(
        store,
        insert=lambda connection, facility, body: insert(
            connection, facility, {**body, **change(body)}
        ),
        update=lambda connection, patient_id, body: update(
            connection, patient_id, {**body, **change(body)}
        ),
    )
