"""What the hospital declares of its migration: `[targets.tried.migrations.tables]`."""

from __future__ import annotations

from typing import Any

TABLES: dict[str, dict[str, Any]] = {
    "rx.prescription": {
        "was": "rx.med_order",
        "becomes": {"prescribed_by": "prescriber"},
        "drops": ["prescriber"],
    },
    "bill.payment": {
        "from": (
            "SELECT payment_id, invoice_no, amount, booked FROM bill.payment WHERE kind = 'payment'"
        ),
        "key": ["payment_id"],
        "drops": ["kind"],
    },
    "bill.refund": {
        "from": (
            "SELECT payment_id, invoice_no, amount, booked FROM bill.payment WHERE kind = 'refund'"
        ),
        "key": ["payment_id"],
    },
    "adt.person": {"drops": ["photo"]},
    "adt.person_photo": {
        "from": "SELECT person_no, photo FROM adt.person WHERE photo IS NOT NULL",
        "key": ["person_no"],
    },
    "adt.encounter": {"becomes": {"nights": "discharged - admitted"}},
    "adt.consent": {
        "from": (
            "SELECT person_no, 'research' AS topic, false AS given FROM adt.person"
            " WHERE merged_into IS NULL"
        ),
        "key": ["person_no", "topic"],
    },
}
"""The one rename, the one split, the moved column, the backfill and the filled new table."""
