"""The invented plan and target of the sample verdict."""

from __future__ import annotations

from typing import Any

from cutover_gates.core.plan import Item, Plan
from cutover_gates.core.verdict import VerdictSubject
from cutover_gates.reporting.sample_judge import SAMPLE_JUDGE

FUNCTIONAL = "Validation / Functions"
PERFORMANCE = "Validation / Performance"
MONITORING = "Validation / Monitoring"
SAMPLE_SUBJECT = VerdictSubject(
    target="staging",
    kind="remote",
    address="https://staging.hospital.example",
    release="2.0.0",
    reported_release="2.0.0",
    migration="8",
    suite_version="0.1.0",
    suite_commit="0123456789abcdef0123456789abcdef01234567",
    settings="5" * 64,
    host="runner.hospital.example",
    judged_by=SAMPLE_JUDGE,
)


def _make_item(item_id: str, section: str, title: str, **other: Any) -> Item:
    return Item(
        item_id, section, title, ("phase3",), **({"proof": "check", "suite": "smoke"} | other)
    )


SAMPLE_PLAN = Plan(
    (
        _make_item(
            "all-functions",
            "Validation",
            "The functions work",
            rests_on=("sign-in", "patient-records", "documents"),
        ),
        _make_item(
            "sign-in",
            FUNCTIONAL,
            "People can sign in and out, and nobody else can",
            waivable=False,
        ),
        _make_item(
            "patient-records",
            FUNCTIONAL,
            "Patients are registered, found and corrected without loss",
        ),
        _make_item("documents", FUNCTIONAL, "Documents come back byte for byte"),
        _make_item(
            "speed",
            PERFORMANCE,
            "Response times are within their objectives",
            suite="performance",
        ),
        _make_item(
            "pool",
            PERFORMANCE,
            "The database connection pool has room",
            suite="performance",
        ),
        _make_item("metrics", MONITORING, "All declared metrics arrive and move"),
        _make_item(
            "cache",
            MONITORING,
            "Redis is up and configured as declared (if the target has one)",
        ),
        _make_item(
            "support-told",
            "Validation / Added",
            "The support team knows what changes",
            proof="sign-off",
            suite=None,
        ),
        _make_item(
            "access",
            "Validation / Added",
            "Roles, facilities and ids: nobody reads or does what is not theirs",
            waivable=False,
        ),
    )
)
