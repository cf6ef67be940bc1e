"""Which groups of checks have what they read, as the settings of a target say."""

from __future__ import annotations

import pytest

from cutover_gates.config.declared_proofs import find_declared_groups
from cutover_gates.core.check_groups import shipped_groups
from tests.unit.config.settings_files import Load

TABLES = {
    "security-scans": "[targets.x.infrastructure.security_scans]\nmax_age_hours = 24\n",
    "final-code-review": "[targets.x.infrastructure.code_review]\napprovals = 2\n",
    "channels-tested": '[targets.x.monitoring.channel_arrivals]\nfiles = { a = "b" }\n',
    "error-logs-checked": (
        "[targets.x.monitoring.review]\ndeployed = 2026-11-28T02:00:00Z\n"
        '[targets.x.monitoring.logs]\nkind = "file"\n'
    ),
    "traffic-stopped": '[targets.x.limits]\nrelease_header = "X-Release"\n',
    "metrics-reviewed": "[targets.x.monitoring.review.compared.a]\nquery = 'sum(x[24h])'\n",
}
X = '[targets.x]\nurl = "https://x.example"\n'


@pytest.mark.parametrize("group", TABLES)
def test_a_group_is_declared_by_its_own_table(load: Load, group: str) -> None:
    """Also by a part of it: what it lacks is then not proven."""
    assert find_declared_groups(load(X + TABLES[group]).targets["x"]) == {group}


def test_nothing_is_declared_by_defaults(load: Load) -> None:
    assert find_declared_groups(load(X).targets["x"]) == frozenset()


def test_all_keys_of_a_group_must_be_set(load: Load) -> None:
    """Who compares figures names the time of the cutover, and need not have a log store."""
    text = TABLES["error-logs-checked"].replace('kind = "file"', 'level = "level"')
    assert find_declared_groups(load(X + text).targets["x"]) == frozenset()


def test_each_group_with_such_a_key_is_tried() -> None:
    assert {name for name, one in shipped_groups().items() if one.declared_by} == TABLES.keys()
