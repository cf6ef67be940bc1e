"""Every key that takes questions away is found, with each thing that it leaves out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest
from pydantic import BaseModel

from cutover_gates.config.base import find_table
from cutover_gates.config.left_out_settings import find_left_out
from cutover_gates.config.target import Target
from tests.unit.config.settings_files import Load

WRITTEN = {
    "contract.untried": ('[targets.x.contract.untried]\n"GET /a" = "slow"\n', "contract"),
    "contract.undocumented": (
        '[targets.x.contract.undocumented]\n"POST /login/{}" = "another server"\n',
        "contract",
    ),
    "headers.not_judged": ('[targets.x.headers.not_judged]\nserver = "fixed"\n', "smoke"),
    "headers.harmless_cookies": (
        '[targets.x.headers.harmless_cookies]\ntheme = "a colour"\n',
        "smoke",
    ),
    "migrations.replay.undetermined": (
        '[targets.x.migrations.replay.undetermined]\n"bills.made_at" = "old"\n',
        "migrations",
    ),
    "migrations.rehearsal.lint_except": (
        '[targets.x.migrations.rehearsal.lint_except]\nprefer-text-field = "old"\n',
        "migrations",
    ),
    "monitoring.alerts.absent_when_healthy": (
        '[targets.x.monitoring.alerts.absent_when_healthy]\nerrors_total = "none yet"\n',
        "smoke",
    ),
    "monitoring.alerts.untried": (
        '[targets.x.monitoring.alerts.untried]\ndatabase = "by the log store"\n',
        "smoke",
    ),
    "triggers.response_operations": (
        '[targets.x.triggers]\nresponse_operations = ["read"]\n',
        "smoke",
    ),
    "triggers.database_sources": (
        '[targets.x.triggers]\ndatabase_sources = ["login"]\n',
        "smoke",
    ),
    "monitoring.dashboards.empty": (
        '[targets.x.monitoring.dashboards.empty]\n"a/Errors" = "none yet"\n',
        "smoke",
    ),
    "migrations.tables.TABLE.content": (
        '[targets.x.migrations.tables.audit]\ncontent = "any"\nreason = "it moves"\n',
        "migrations",
    ),
    "migrations.tables.TABLE.ignores": (
        '[targets.x.migrations.tables.audit]\nignores = ["at"]\nreason = "it is set anew"\n',
        "migrations",
    ),
    "migrations.tables.TABLE.corrections": (
        '[targets.x.migrations.tables.audit.corrections]\nchanged_at = "at"\nreason = "work"\n',
        "migrations",
    ),
    "migrations.tables.TABLE.rows": (
        '[targets.x.migrations.tables.audit]\nrows = "any"\nreason = "it moves"\n',
        "migrations",
    ),
    "migrations.other_schemas": (
        '[targets.x.migrations.other_schemas]\nreporting = "copies"\n',
        "migrations",
    ),
    "migrations.large_objects.objects": (
        '[targets.x.migrations.large_objects]\nobjects = "any"\nreason = "they move"\n',
        "migrations",
    ),
    "migrations.large_objects.content": (
        '[targets.x.migrations.large_objects]\ncontent = "any"\nreason = "they move"\n',
        "migrations",
    ),
    "migrations.backup.restore": ("[targets.x.migrations.backup]\nrestore = false\n", "migrations"),
    "migrations.standbys": ("[targets.x.migrations]\nstandbys = 0\n", "migrations"),
    "migrations.archived": ("[targets.x.migrations]\narchived = false\n", "migrations"),
    "infrastructure.redis.persistence": (
        '[targets.x.infrastructure.redis]\npersistence = "none"\n',
        "smoke",
    ),
    "infrastructure.pipeline.suites": (
        '[targets.x.infrastructure.pipeline]\nsuites = ["unit", "security"]\n',
        "smoke",
    ),
    "infrastructure.cluster.must_declare": (
        '[targets.x.infrastructure.cluster]\nmust_declare = ["requests.cpu", "requests.memory",'
        ' "limits.memory"]\n',
        "smoke",
    ),
    "infrastructure.security_scans.exceptions": (
        "[targets.x.infrastructure.security_scans.exceptions]\n"
        'CVE-2026-1 = { reason = "never called", by = "Ada Example", at = 2026-11-20,'
        " expires = 2026-12-31 }\n",
        "smoke",
    ),
    "monitoring.review.expected_errors": (
        '[targets.x.monitoring.review.expected_errors]\nlaboratory = "it is moved later"\n',
        "smoke",
    ),
    "rollout.proof.cluster_reads": (
        '[targets.x.rollout.proof]\ncluster_reads = ["events", "quotas"]\n',
        "smoke",
    ),
    "monitoring.logs.error_levels": (
        '[targets.x.monitoring.logs]\nerror_levels = ["error", "fatal"]\n',
        "smoke",
    ),
    "performance.journeys.JOURNEY.weight": (
        "[targets.x.performance.journeys]\nregistrar = { weight = 0 }\nclinician = { }\n"
        "clerk = { }\n",
        "performance",
    ),
}


_MARKS = {"leaves_out", "leaves_out_at", "leaves_out_where_given"}


def list_marked(table: type[BaseModel], place: str) -> Iterator[str]:
    """Yield the keys with a mark that says that they leave something out."""
    names = {"tables": "TABLE", "journeys": "JOURNEY"}
    for key, field in table.model_fields.items():
        mark = field.json_schema_extra
        is_fewer = isinstance(mark, Mapping) and mark.get("looser") == "fewer"
        if is_fewer or (isinstance(mark, Mapping) and _MARKS & {*mark}):
            yield f"{place}{key}"
        if inner := find_table(field.annotation):
            name = f".{names[key]}" if key in names else ""
            yield from list_marked(inner, f"{place}{key}{name}.")


def test_each_marked_key_is_tried() -> None:
    """A new mark needs a row above."""
    assert {*list_marked(Target, "")} == {*WRITTEN}


def test_each_table_with_reasons_is_marked() -> None:
    """What is given with its reason leaves something out."""
    assert {*list_reasoned(Target, "")} <= {*list_marked(Target, ""), "unsupported"}


def list_reasoned(table: type[BaseModel], place: str) -> Iterator[str]:
    """Yield the tables of texts that say `each with its reason`."""
    for key, field in table.model_fields.items():
        if field.annotation == dict[str, str] and "its reason" in (field.description or ""):
            yield f"{place}{key}"
        if inner := find_table(field.annotation):
            yield from list_reasoned(inner, f"{place}{key}.")


@pytest.mark.parametrize("key", WRITTEN)
def test_what_a_key_leaves_out_is_found(load: Load, key: str) -> None:
    """Once, with its suite and its reason."""
    text, suite = WRITTEN[key]
    target = load(f'[targets.x]\nurl = "https://x.example"\n{text}').targets["x"]
    (found,) = find_left_out(target)
    assert found.suite == suite
    assert found.reason
    for part in key.split("."):
        assert part.isupper() or part in found.name


@pytest.mark.parametrize("key", ["standstill", "other_server"])
def test_a_fact_of_a_person_is_found_with_that_person(load: Load, key: str) -> None:
    fact = '{ reason = "closed", by = "Ada Example", at = 2026-11-20 }'
    text = f'[targets.x]\nurl = "https://x.example"\n[targets.x.migrations]\n{key} = {fact}\n'
    (found,) = find_left_out(load(text).targets["x"])
    assert (found.name, found.by, str(found.at)) == (
        f"migrations.{key}",
        "Ada Example",
        "2026-11-20",
    )


def test_the_defaults_leave_nothing_out(load: Load) -> None:
    target = load('[targets.x]\nurl = "https://x.example"\n').targets["x"]
    assert find_left_out(target) == ()


def test_a_journey_that_is_not_named_is_left_out(load: Load) -> None:
    text = '[targets.x]\nurl = "https://x.example"\n[targets.x.performance.journeys]\nclerk = { }\n'
    names = [found.name for found in find_left_out(load(text).targets["x"])]
    assert names == [
        "performance.journeys without clinician",
        "performance.journeys without registrar",
    ]
