"""What judged in the sample verdict: invented, with one of everything that is not plain."""

from __future__ import annotations

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
