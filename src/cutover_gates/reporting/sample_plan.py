"""The invented plan and target of the sample verdict, and what judged: one of everything."""

from __future__ import annotations

from typing import Any

from cutover_gates.core.judged_by import (
    HashedFile,
    Invocation,
    JudgedBy,
    LooseLimit,
    PluginOrigin,
    SettingsSources,
    SuiteOrigin,
    SuiteState,
)
from cutover_gates.core.plan import Item, Plan
from cutover_gates.core.verdict import VerdictSubject

FUNCTIONAL = "Validation / Functions"
PERFORMANCE = "Validation / Performance"
MONITORING = "Validation / Monitoring"
OWN_CHECK = "smoke/test_wards.py::test_every_ward_has_a_printer"
SAMPLE_JUDGE = JudgedBy(
    suite=SuiteOrigin(
        SuiteState.WITH_OWN,
        "0123456789abcdef0123456789abcdef01234567",
        "1" * 64,
        own_checks=(OWN_CHECK,),
        own_files=(HashedFile("own", "smoke/test_wards.py", "2" * 64),),
    ),
    own_plan=True,
    files=(
        HashedFile("plan", "plan.toml", "3" * 64, 10),
        HashedFile("settings", "cutover.toml", "4" * 64),
        HashedFile("waivers", "waivers.toml", "6" * 64, 2),
        HashedFile("sign-offs", "signoffs.toml", "7" * 64, 1),
        HashedFile("mapping", "mapping.toml", "8" * 64),
        HashedFile("migration script", "migrations/V8__visits.sql", "9" * 64),
    ),
    plugins=(PluginOrigin("conftest.py", "", "/srv/gates/conftest.py", "conftest"),),
    invocation=Invocation(
        words=("-m", "phase3", "--target", "staging"),
        configuration="/srv/gates/pyproject.toml",
        environment={"PYTEST_ADDOPTS": "-n 2"},
        other_variables=("HTTPS_PROXY",),
        python="CPython 3.12.7",
    ),
    settings=SettingsSources(
        environment=("targets.staging.performance.rate",),
        command_line=("target",),
        secrets=("targets.staging.users.clinician.password",),
    ),
    loose_limits=(
        LooseLimit("performance.error_rate", "0.01", "0.001"),
        LooseLimit("performance.resources.cpu_cores", "4", "1", is_size=True),
    ),
    digest={"settings": "a" * 64, "suite": "1" * 64},
)
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
