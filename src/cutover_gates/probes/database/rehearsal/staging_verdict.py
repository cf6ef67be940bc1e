"""The verdict of staging's own Phase 1, which must be GO, on this release and these scripts."""

from __future__ import annotations

from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.history.assessments import capture_history
from cutover_gates.probes.database.history.migration_scripts import load_scripts
from cutover_gates.probes.database.history.scripts_of_night import read_point, select_of_night
from cutover_gates.probes.database.history.staging_reports import (
    ACCEPTED_VERDICTS,
    GATE,
    StagingVerdict,
    load_newest_verdict,
)
from cutover_gates.probes.database.rehearsal import rules

# Characters of a SHA-256 that a finding shows.
_SHOWN_CHARACTERS = 12


class StagingAssessments:
    """Staging's newest verdict of Phase 1. Raise `NotProven` where there is none to read."""

    def __init__(self, context: DatabaseContext) -> None:
        self.context = context
        self.target = context.migrations.staging or "staging"

    def assess_verdict(self) -> Assessment:
        """Check that staging's newest Phase 1 judged this release and these scripts, with GO."""
        verdict = load_newest_verdict(self.context, self.target, rules.STAGING_JUDGED)
        builder = AssessmentBuilder(
            checked=[verdict.run],
            figures={
                "run": verdict.run,
                "verdict": verdict.verdict,
                "release": verdict.release,
                "finished": verdict.finished,
                "suite": verdict.suite,
                "waived": dict(verdict.waived),
                "scripts": dict(verdict.scripts),
            },
        )
        self._compare_verdict(verdict, builder)
        if verdict.scripts:
            self._compare_scripts(verdict, builder)
        elif not verdict.history:
            items = ", ".join(sorted(self.context.script_history_items))
            reason = f"no SHA-256 of a script is in the evidence of {items}"
            builder.add_gap(rules.STAGING_EVIDENCE, verdict.run, reason)
        return self.context.record_assessment(builder.build(f"The migration on {self.target}"))

    def _compare_verdict(self, verdict: StagingVerdict, builder: AssessmentBuilder) -> None:
        if verdict.verdict not in ACCEPTED_VERDICTS:
            builder.add_finding(
                rules.STAGING_GO,
                f"{GATE} on {self.target}",
                expected="GO",
                actual=f"{verdict.verdict} at {verdict.finished}",
            )
        if verdict.release != self.context.release:
            builder.add_finding(
                rules.STAGING_RELEASE,
                f"{GATE} on {self.target}",
                expected=f"release {self.context.release}",
                actual=f"release {verdict.release or '(none)'}",
            )

    def _compare_scripts(self, verdict: StagingVerdict, builder: AssessmentBuilder) -> None:
        here, required = self._load_scripts()
        there = verdict.scripts
        for name in sorted(here.keys() & there.keys()):
            if here[name] != there[name]:
                builder.add_finding(
                    rules.STAGING_SCRIPTS,
                    name,
                    expected=f"SHA-256 {here[name][:_SHOWN_CHARACTERS]}…",
                    actual=f"SHA-256 {there[name][:_SHOWN_CHARACTERS]}… on {self.target}",
                )
        for name in sorted(required - there.keys()):
            builder.add_finding(
                rules.STAGING_SCRIPTS,
                name,
                expected=f"applied on {self.target}",
                actual="not applied there",
            )
        for name in sorted(there.keys() - here.keys()):
            builder.add_finding(
                rules.STAGING_SCRIPTS,
                name,
                expected="a script of the release",
                actual=f"applied on {self.target} only",
            )

    def _load_scripts(self) -> tuple[dict[str, str], set[str]]:
        """Return the SHA-256 of each script by name, and the scripts that must have run there."""
        if self.context.migrations.tool != "flyway":
            history = capture_history(self.context)
            files = history.files if history else {}
            return {name: digest.sha256 for name, digest in files.items()}, set(files)
        scripts = load_scripts(self.context).scripts
        # Baselines and undo scripts need not have run there, nor what a later night applies.
        night = select_of_night(scripts, read_point(self.context.migrations))
        required = {script.file_name for script in night if script.kind in "VR"}
        return {script.file_name: script.sha256 for script in scripts}, required
