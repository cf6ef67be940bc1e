"""What a look at the ground saw, as it comes together, and the sentence for what nobody declared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cutover_gates.config.base import SettingsTable
from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder


@dataclass
class DeploymentAssessmentBuilder(AssessmentBuilder):
    """What is gathered for the question `title`."""

    title: str

    def finish(self) -> Assessment:
        return self.build(self.title)


def format_undeclared_keys(
    target: str, item: str, section: str, table: SettingsTable, keys: Sequence[str]
) -> str | None:
    """What to write where one of `keys` is not declared; None where all of them are.

    `section` is the table's name under `infrastructure`.
    """
    lacking = [key for key in keys if getattr(table, key) is None]
    if not lacking:
        return None
    return (
        f"Not declared: write {', '.join(lacking)} in [targets.{target}.infrastructure.{section}];"
        " or, where there is none, "
        f'{item} = "why" in [targets.{target}.not_applicable].'
    )
