"""The billing of a hospital, which one more script of the night renames, splits, merges or fills.

Its tables are touched by no script of the reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

TABLES = """
CREATE TABLE IF NOT EXISTS invoices (
    id int PRIMARY KEY, patient text NOT NULL, amount numeric NOT NULL, state text);
CREATE TABLE IF NOT EXISTS receipts (
    id int PRIMARY KEY, patient text NOT NULL, amount numeric NOT NULL);
"""
"""The script makes them, too: the schema is compared with what the scripts make of nothing."""
ROWS = """
INSERT INTO invoices SELECT n, 'p' || n % 700, n * 1.5,
    CASE n % 3 WHEN 0 THEN 'open' WHEN 1 THEN 'paid' END
FROM generate_series(1, 12000) AS n;
INSERT INTO receipts SELECT n, 'p' || n % 700, n FROM generate_series(1, 3000) AS n;
"""


@dataclass(frozen=True)
class BillingNight:
    """One script with its declarations. `is_replayed`: it ran on the backup before the night."""

    script: str
    tables: Mapping[str, Any] = field(default_factory=dict)
    is_replayed: bool = False


_SPLIT = """
CREATE TABLE open_bills AS SELECT id, patient, amount FROM invoices WHERE state = 'open';
ALTER TABLE open_bills ADD PRIMARY KEY (id);
CREATE TABLE other_bills AS SELECT id, patient, amount, state FROM invoices WHERE state {};
ALTER TABLE other_bills ADD PRIMARY KEY (id);
DROP TABLE invoices;
"""


def _split(other: str) -> BillingNight:
    tables = {
        "invoices": {"rows": "dropped"},
        "open_bills": {
            "from": "SELECT id, patient, amount FROM invoices WHERE state = 'open'",
            "key": ["id"],
        },
        "other_bills": {
            "from": f"SELECT id, patient, amount, state FROM invoices WHERE state {other}",
            "key": ["id"],
        },
    }
    return BillingNight(_SPLIT.format(other), tables)


NIGHTS: Mapping[str, BillingNight] = {
    "renamed": BillingNight(
        "ALTER TABLE invoices RENAME TO bills;", {"bills": {"was": "invoices"}}
    ),
    "split": _split("IS DISTINCT FROM 'open'"),
    "split wrongly": _split("<> 'open'"),
    "merged": BillingNight(
        """
        CREATE TABLE papers (kind text, id int, patient text, amount numeric, PRIMARY KEY (kind, id));
        INSERT INTO papers SELECT 'i', id, patient, amount FROM invoices
            UNION ALL SELECT 'r', id, patient, amount FROM receipts;
        DROP TABLE invoices, receipts;
        """,
        {
            "papers": {"rows": "new"},
            "invoices": {
                "rows": "dropped",
                "drops": ["state"],
                "reason": "the state is in the ledger",
                "kept_as": "SELECT id, patient, amount FROM papers WHERE kind = 'i'",
            },
            "receipts": {
                "rows": "dropped",
                "kept_as": "SELECT id, patient, amount FROM papers WHERE kind = 'r'",
            },
        },
    ),
    "column moved": BillingNight(
        """
        CREATE TABLE payers (invoice int PRIMARY KEY, person text);
        INSERT INTO payers SELECT id, patient FROM invoices;
        ALTER TABLE invoices DROP COLUMN patient;
        """,
        {
            "invoices": {"drops": ["patient"]},
            "payers": {
                "from": "SELECT id AS invoice, patient AS person FROM invoices",
                "key": ["invoice"],
            },
        },
    ),
    "dropped": BillingNight("DROP TABLE invoices;", {"invoices": {"rows": "dropped"}}),
    "replayed": BillingNight(
        """
        ALTER TABLE invoices RENAME TO bills;
        ALTER TABLE bills ADD COLUMN cents bigint;
        UPDATE bills SET cents = amount * 100;
        CREATE TABLE reminders (id int PRIMARY KEY, bill int NOT NULL, text text NOT NULL);
        """,
        is_replayed=True,
    ),
    "merged into receipts": BillingNight(
        """
        INSERT INTO receipts SELECT id + 90000, patient, amount FROM invoices;
        DROP TABLE invoices;
        """,
        {
            "receipts": {"rows": "+12000"},
            "invoices": {"rows": "dropped", "reason": "they are receipts now"},
        },
        is_replayed=True,
    ),
    "by circumstances": BillingNight(
        """
        ALTER TABLE invoices ADD COLUMN year int;
        UPDATE invoices SET year = extract(year FROM CURRENT_DATE);
        ALTER TABLE receipts ADD COLUMN place text;
        UPDATE receipts SET place = coalesce(inet_client_addr()::text, 'socket');
        """,
        is_replayed=True,
    ),
}
