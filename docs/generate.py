"""Write the pages of this folder that follow from the code: `python -m docs.generate`.

Tests hold the pages equal to what this module makes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from cutover_gates.config.container import Container
from cutover_gates.config.contract import Contract
from cutover_gates.config.deployment import ClusterSettings, PipelineSettings, RegistrySettings
from cutover_gates.config.fhir import Fhir
from cutover_gates.config.load_balancer import LoadBalancerSettings
from cutover_gates.config.load_objectives import (
    BaselineSettings,
    JourneySettings,
    LatencyLimits,
    LatencyObjectives,
)
from cutover_gates.config.logs_and_dashboards import ChannelSettings, DashboardSettings, LogSettings
from cutover_gates.config.migrations import ImpliedReference, Migrations, TableChange
from cutover_gates.config.monitoring import AlertSettings, MetricSettings, Monitoring
from cutover_gates.config.network import DnsSettings, TlsSettings
from cutover_gates.config.performance import Performance
from cutover_gates.config.redis import RedisSettings
from cutover_gates.config.rehearsal import BackupSettings, RehearsalSettings, ScratchSettings
from cutover_gates.config.resources import PodMetricsSettings, PoolMetricNames, ResourceSettings
from cutover_gates.config.settings import Settings
from cutover_gates.config.target import Target
from cutover_gates.config.target_access import DatabaseSettings, Limits, UserAccount
from docs.rule_pages import rule_pages

HERE = Path(__file__).resolve().parent

HEAD = """# Settings

<!-- Made by `python -m docs.generate` from the models in src/cutover_gates/config/. Change it there. -->

Settings come from `cutover.toml`, over it from the environment, over that from the command line (`--target`, `--release`).
`--cutover-config=PATH` names another file (with `=`: pytest takes a path after a space for one to collect); without any, the embedded hospital is
judged. `cutover.toml` shows every key with an example.

- Paths are seen from the folder of the settings file.
- A variable that is empty counts as not given; one that begins with `CUTOVER_` and sets nothing is a mistake. Lists and whole tables are JSON.
- A **secret** never stands in the file: it comes from its variable, or from the file that its `_file` key names.
- A mistake is told in one sentence: section, key, the value given, the values allowed, and the nearest known word. Secrets are never shown.
"""

SECTIONS: tuple[tuple[str, type[BaseModel], str], ...] = (
    ("Top level", Settings, "CUTOVER_"),
    ("[targets.NAME]", Target, "CUTOVER_TARGETS__NAME__"),
    ("[targets.NAME.fhir]", Fhir, "CUTOVER_TARGETS__NAME__FHIR__"),
    ("[targets.NAME.users.ROLE]", UserAccount, "CUTOVER_TARGETS__NAME__USERS__ROLE__"),
    ("[targets.NAME.database]", DatabaseSettings, "CUTOVER_TARGETS__NAME__DATABASE__"),
    ("[targets.NAME.container]", Container, "CUTOVER_TARGETS__NAME__CONTAINER__"),
    ("[targets.NAME.limits]", Limits, "CUTOVER_TARGETS__NAME__LIMITS__"),
    ("[targets.NAME.migrations]", Migrations, "CUTOVER_TARGETS__NAME__MIGRATIONS__"),
    (
        "[targets.NAME.migrations.tables.TABLE]",
        TableChange,
        "CUTOVER_TARGETS__NAME__MIGRATIONS__TABLES__TABLE__",
    ),
    ("[[targets.NAME.migrations.keys]]", ImpliedReference, ""),
    (
        "[targets.NAME.migrations.scratch]",
        ScratchSettings,
        "CUTOVER_TARGETS__NAME__MIGRATIONS__SCRATCH__",
    ),
    (
        "[targets.NAME.migrations.backup]",
        BackupSettings,
        "CUTOVER_TARGETS__NAME__MIGRATIONS__BACKUP__",
    ),
    (
        "[targets.NAME.migrations.rehearsal]",
        RehearsalSettings,
        "CUTOVER_TARGETS__NAME__MIGRATIONS__REHEARSAL__",
    ),
    ("[targets.NAME.performance]", Performance, "CUTOVER_TARGETS__NAME__PERFORMANCE__"),
    (
        "[targets.NAME.performance.journeys.JOURNEY]",
        JourneySettings,
        "CUTOVER_TARGETS__NAME__PERFORMANCE__JOURNEYS__JOURNEY__",
    ),
    (
        "[targets.NAME.performance.objectives]",
        LatencyObjectives,
        "CUTOVER_TARGETS__NAME__PERFORMANCE__OBJECTIVES__",
    ),
    (
        "[targets.NAME.performance.objectives.operations.OPERATION]",
        LatencyLimits,
        "CUTOVER_TARGETS__NAME__PERFORMANCE__OBJECTIVES__OPERATIONS__OPERATION__",
    ),
    (
        "[targets.NAME.performance.baseline]",
        BaselineSettings,
        "CUTOVER_TARGETS__NAME__PERFORMANCE__BASELINE__",
    ),
    (
        "[targets.NAME.performance.resources]",
        ResourceSettings,
        "CUTOVER_TARGETS__NAME__PERFORMANCE__RESOURCES__",
    ),
    (
        "[targets.NAME.performance.resources.pool]",
        PoolMetricNames,
        "CUTOVER_TARGETS__NAME__PERFORMANCE__RESOURCES__POOL__",
    ),
    (
        "[targets.NAME.performance.resources.kubernetes]",
        PodMetricsSettings,
        "CUTOVER_TARGETS__NAME__PERFORMANCE__RESOURCES__KUBERNETES__",
    ),
    ("[targets.NAME.contract]", Contract, "CUTOVER_TARGETS__NAME__CONTRACT__"),
    (
        "[targets.NAME.infrastructure.tls]",
        TlsSettings,
        "CUTOVER_TARGETS__NAME__INFRASTRUCTURE__TLS__",
    ),
    (
        "[targets.NAME.infrastructure.dns]",
        DnsSettings,
        "CUTOVER_TARGETS__NAME__INFRASTRUCTURE__DNS__",
    ),
    (
        "[targets.NAME.infrastructure.balancer]",
        LoadBalancerSettings,
        "CUTOVER_TARGETS__NAME__INFRASTRUCTURE__BALANCER__",
    ),
    (
        "[targets.NAME.infrastructure.redis]",
        RedisSettings,
        "CUTOVER_TARGETS__NAME__INFRASTRUCTURE__REDIS__",
    ),
    (
        "[targets.NAME.infrastructure.cluster]",
        ClusterSettings,
        "CUTOVER_TARGETS__NAME__INFRASTRUCTURE__CLUSTER__",
    ),
    (
        "[targets.NAME.infrastructure.registry]",
        RegistrySettings,
        "CUTOVER_TARGETS__NAME__INFRASTRUCTURE__REGISTRY__",
    ),
    (
        "[targets.NAME.infrastructure.pipeline]",
        PipelineSettings,
        "CUTOVER_TARGETS__NAME__INFRASTRUCTURE__PIPELINE__",
    ),
    ("[targets.NAME.monitoring]", Monitoring, "CUTOVER_TARGETS__NAME__MONITORING__"),
    (
        "[targets.NAME.monitoring.metrics]",
        MetricSettings,
        "CUTOVER_TARGETS__NAME__MONITORING__METRICS__",
    ),
    (
        "[targets.NAME.monitoring.alerts]",
        AlertSettings,
        "CUTOVER_TARGETS__NAME__MONITORING__ALERTS__",
    ),
    ("[targets.NAME.monitoring.logs]", LogSettings, "CUTOVER_TARGETS__NAME__MONITORING__LOGS__"),
    (
        "[targets.NAME.monitoring.dashboards]",
        DashboardSettings,
        "CUTOVER_TARGETS__NAME__MONITORING__DASHBOARDS__",
    ),
    (
        "[targets.NAME.monitoring.channels.CHANNEL]",
        ChannelSettings,
        "CUTOVER_TARGETS__NAME__MONITORING__CHANNELS__CHANNEL__",
    ),
)
"""Heading, model, and how its variables begin."""

KINDS = {
    "string": "text",
    "boolean": "true or false",
    "integer": "whole number",
    "number": "number",
    "array": "list of texts",
    "object": "table",
    "path": "path",
    "password": "**secret**",
    "date-time": "date and time",
}


def settings_page() -> str:
    """The text of `settings.md`."""
    return "\n".join([HEAD, *(line for section in SECTIONS for line in _section(*section))])


def _section(heading: str, model: type[BaseModel], variables: str) -> Iterator[str]:
    """A heading, what the table is for, and a row for each key."""
    yield from (
        f"## {heading if heading[0] != '[' else f'`{heading}`'}",
        "",
        (model.__doc__ or "").strip(),
        "",
    )
    yield from ("| key | what it says | kind | default | variable |", "|---|---|---|---|---|")
    schemas = model.model_json_schema()["properties"]
    for name, field in model.model_fields.items():
        variable = f"`{variables}{name.upper()}`" if variables else "part of the list's"
        yield (
            f"| `{name}` | {field.description} | {_kind(schemas[name])} | {_default(field)} |"
            f" {variable} |"
        )
    yield ""


def _kind(schema: dict[str, Any]) -> str:
    """What kind of value it is, in words, from its JSON schema."""
    one = next(
        (option for option in schema.get("anyOf", []) if option.get("type") != "null"), schema
    )
    if "enum" in one:
        return " or ".join(f"`{value}`" for value in one["enum"])
    words = KINDS[one.get("format") or one.get("type", "object")]
    return f"{words} greater than 0" if "exclusiveMinimum" in one else words


def _default(field: FieldInfo) -> str:
    """The default as the settings file would have it."""
    if field.is_required():
        return "must be given"
    if field.default is None or field.default in ({}, ()):
        return "none"
    if isinstance(field.default, BaseModel):
        return "see below"
    return f"`{_toml(field.default)}`"


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return str(value) if isinstance(value, int | float) else f'"{value}"'


def main() -> None:
    """Write the pages."""
    (HERE / "settings.md").write_text(settings_page(), encoding="utf-8")
    folder = HERE / "rules"
    folder.mkdir(exist_ok=True)
    for name, page in rule_pages().items():
        (folder / name).write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
