"""Make the pages of `docs/rules/` from the rules of the package."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby

from cutover_gates.core.findings import Rule
from cutover_gates.reporting.rule_catalog import load_rules

SUBJECTS: Mapping[str, str] = {
    "ACCESS": "Access by the API's own document",
    "ALERT": "Alerts",
    "APIDOC": "The API's own document",
    "BACK": "The way back",
    "BACKUP": "Backups",
    "CHAN": "Notification channels",
    "COMPAT": "Compatibility with the release before",
    "DASH": "Dashboards",
    "DATA": "Integrity of the data",
    "DBMS": "The database server",
    "DNS": "DNS",
    "FHIR": "FHIR",
    "FUZZ": "Fuzzing",
    "HEADER": "Headers of answers",
    "HIST": "Migration history",
    "IMAGE": "Images and registry",
    "K8S": "Kubernetes",
    "LB": "Load balancer",
    "LINT": "Migration scripts",
    "LOADRUN": "The load run",
    "LOG": "Logs",
    "METHOD": "Methods of no document",
    "METRIC": "Metrics",
    "MOVES": "Rows that move between tables",
    "OBJECT": "Data outside of tables",
    "PIPE": "Pipeline",
    "READY": "Readiness",
    "REDIS": "Redis",
    "REPLAY": "Replay of the migration on the backup",
    "REHEARSAL": "Rehearsal of the migration",
    "RES": "Resources under load",
    "ROLLOUT": "A step of a rollout",
    "ROWS": "Rows against the snapshot",
    "REVIEW": "Review of the code",
    "RUN": "The run itself",
    "SCAN": "Security scans",
    "SCHEMA": "Schema",
    "SLO": "Objectives under load",
    "SNAP": "Snapshots",
    "STEP": "What tells of a step beside its answers",
    "TLS": "TLS",
    "TRIGGER": "The rollback triggers",
    "WATCH": "The watcher of a cutover",
    "WRITE": "Acknowledged writes",
}
"""What the letters of a rule's id stand for."""

NEVER_WAIVED = "No waiver and no acceptance covers a breach: it is about access or stored data."
NOTE = (
    "<!-- Made by `python -m docs.generate` from the modules called `rules`. Change it there. -->"
)


def rule_pages() -> dict[str, str]:
    """Return the text of each page by its file name: an index, and a page for each subject."""
    subjects = {
        prefix: list(rules) for prefix, rules in groupby(load_rules().values(), key=_prefix)
    }
    pages = {
        f"{prefix.lower()}.md": _subject_page(prefix, rules) for prefix, rules in subjects.items()
    }
    return {"README.md": "\n".join(_index(subjects)), **pages}


def _prefix(rule: Rule) -> str:
    return rule.id.rpartition("-")[0]


def _index(subjects: Mapping[str, list[Rule]]) -> Iterator[str]:
    yield from ("# Rules", "", NOTE, "")
    yield "A finding names its rule. Here is what each rule means, why it matters, and what to do."
    yield (
        "A functional check is its own rule; its id is its file and function"
        " ([checks.toml](checks.toml))."
    )
    yield from ("", "| rule | what holds |", "|---|---|")
    for prefix, rules in subjects.items():
        for rule in rules:
            yield f"| [{rule.id}]({prefix.lower()}.md#{rule.id.lower()}) | {rule.title} |"
    yield ""


def _subject_page(prefix: str, rules: list[Rule]) -> str:
    lines = [f"# {SUBJECTS[prefix]}", "", NOTE, ""]
    for rule in rules:
        lines += [f"## {rule.id}", "", f"**{rule.title}.**", "", f"Why it matters: {rule.why}", ""]
        lines += [f"What to do: {rule.fix}", ""]
        if not rule.waivable:
            lines += [NEVER_WAIVED, ""]
    return "\n".join(lines)
