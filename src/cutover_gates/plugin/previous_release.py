"""The release before on the new schema: started on a clone of the backup, and judged there.

It is started twice. The first process runs while the scripts run under it, as in the rollout. The
second starts on the new schema, as in a rollback, and the functional checks judge it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cutover_gates.config.previous import PreviousRelease
from cutover_gates.config.target import Target
from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder
from cutover_gates.core.evidence.record import Recorder
from cutover_gates.core.findings import gap_error
from cutover_gates.drivers.sessions import SessionPool
from cutover_gates.hospital import Credentials, Unsupported
from cutover_gates.plugin import previous_settings
from cutover_gates.plugin.previous_gate import PreviousGate
from cutover_gates.plugin.previous_readers import (
    REQUEST_ERRORS,
    PreviousReaders,
    prepare_readers,
)
from cutover_gates.plugin.run import PytestRun
from cutover_gates.plugin.settings_files import find_plan
from cutover_gates.probes.database.backup.copy_clones import open_clones_of_backup
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.rehearsal import rules
from cutover_gates.probes.database.rehearsal.copy_migration import migrate_copy
from cutover_gates.targets.driver_factory import open_driver, previous_of
from cutover_gates.targets.previous_release import (
    PreviousReleaseNotReady,
    RunningPrevious,
    run_previous_release,
)
from cutover_gates.targets.running_target import RunningTarget
from cutover_gates.targets.staffing import assign_accounts

CAPABILITY = "release-before"
TITLE = "The release before on the new schema"
FOLDER = "release-before"


@dataclass(frozen=True)
class PreviousReleaseTrial:
    """The question whether the release before works on the schema of the new one."""

    run: PytestRun
    target: RunningTarget
    context: DatabaseContext

    def assess(self) -> Assessment:
        """Return the assessment, which the first process that asks makes.

        Raise `Unsupported` where the settings declare it not applicable, and `NotProven` where they
        do not say how it is started, or there is no copy.
        """
        absent = self.run.settings.chosen_target.absent_capabilities
        if CAPABILITY in absent:
            raise Unsupported(CAPABILITY, absent[CAPABILITY])
        self._require_declared()
        plain = self.context.compute_once(FOLDER, lambda: self._try().to_plain())
        return self.context.record_assessment(Assessment.from_plain(plain))

    @property
    def settings(self) -> PreviousRelease:
        """How it is started."""
        return previous_of(self.run.settings, self.target)

    @property
    def folder(self) -> Path:
        """The folder of the evidence."""
        place = self.run.first_folder if self.run.folders else self.context.cache_folder
        return place / FOLDER

    def _require_declared(self) -> None:
        section = f"[targets.{self.target.name}.previous]"
        if not self.settings.is_declared:
            raise gap_error(rules.OLD_RELEASE_DECLARED, f"{section} command or image", "not set")
        if self.settings.image and not (self.settings.command or self.settings.digest):
            raise gap_error(rules.OLD_RELEASE_DECLARED, f"{section} digest", "not set")
        if not previous_settings.release_of(self.settings, self.target):
            raise gap_error(rules.OLD_RELEASE_DECLARED, f"{section} release", "not set")

    def _try(self) -> Assessment:
        builder = AssessmentBuilder()
        self.folder.mkdir(parents=True, exist_ok=True)
        with open_clones_of_backup(self.context) as (copy,):
            self.run.redactor.learn("dsn of the copy", copy.dsn)
            self._try_going_on(copy.dsn, builder)
            self._try_functions(copy.dsn, builder)
        return builder.build(TITLE)

    def _try_going_on(self, dsn: str, builder: AssessmentBuilder) -> None:
        """Migrate the copy while a process of the release before is in use on it."""
        self.context.report_progress("the release before: started on its own schema")
        try:
            with self._started(dsn, "on-its-own-schema.log") as running:
                with self._readers(running, dsn) as readers:
                    _require_no_problem(readers)
                    builder.figures["scripts"] = migrate_copy(self.context, dsn)
                    _add_problems(readers, builder)
                if ended := running.describe_end():
                    builder.add_finding(rules.OLD_RELEASE_GOES_ON, "the process", actual=ended)
        except PreviousReleaseNotReady as error:
            reason = f"it does not start on its own schema: {error}"
            raise gap_error(rules.OLD_RELEASE_PROVEN, "the release before", reason) from None
        builder.checked.append("going on while the scripts run")

    def _try_functions(self, dsn: str, builder: AssessmentBuilder) -> None:
        self.context.report_progress("the release before: started on the new schema, and judged")
        try:
            with self._started(dsn, "on-the-new-schema.log") as running:
                builder.checked.append("starting on the new schema")
                self._gate(dsn).judge(self._table(running.url), builder)
        except PreviousReleaseNotReady as error:
            builder.add_finding(
                rules.OLD_RELEASE_STARTS,
                previous_settings.release_of(self.settings, self.target),
                expected="ready on the new schema",
                actual=str(error),
            )

    @contextmanager
    def _started(self, dsn: str, output: str) -> Iterator[RunningPrevious]:
        root, log = self.run.settings.resolve_path(Path()), self.folder / output
        with run_previous_release(self.settings, dsn, root, log) as running:
            yield running

    def _table(self, url: str) -> dict[str, Any]:
        return previous_settings.compose_target(
            self.run.settings, self.settings, self.target, self.run.plan, url
        )

    def _gate(self, dsn: str) -> PreviousGate:
        left = self.context.budget.remaining_seconds
        return PreviousGate(
            self.folder,
            self.run.root,
            find_plan(self.run.settings, self.run.root).absolute(),
            previous_settings.build_environment(self.run.settings, self.settings, self.target, dsn),
            min(self.settings.gate_seconds, max(1.0, left)),
        )

    @contextmanager
    def _readers(self, running: RunningPrevious, dsn: str) -> Iterator[PreviousReaders]:
        """Sign in and prepare what is read. Raise `NotProven` where that fails."""
        chosen = Target.model_validate(self._table(running.url))
        name = previous_settings.TARGET
        settings = self.run.settings.model_copy(
            update={"target": name, "targets": {name: chosen}, "release": None}
        )
        accounts = dict(self._accounts(chosen))
        users, staff = assign_accounts(settings, accounts)
        standing = replace(
            self.target,
            name=name,
            kind="remote",
            url=running.url,
            production=False,
            users=users,
            staff=staff,
            database=dsn,
            rejected_accounts={},
            rejected_staff={},
        )
        driver = open_driver(settings, standing, Recorder(self.run.redactor, cap=1), self.run.tag)
        pool = SessionPool(driver, users, redactor=self.run.redactor)
        try:
            yield prepare_readers(driver, pool, self.run.tag)
        except REQUEST_ERRORS as error:
            reason = f"it does not work on its own schema: {str(error).splitlines()[0]}"
            raise gap_error(rules.OLD_RELEASE_PROVEN, "the release before", reason) from None
        finally:
            pool.close()

    def _accounts(self, chosen: Target) -> Iterator[tuple[str, Credentials]]:
        own = dict(previous_settings.list_accounts(self.run.settings, self.target))
        for name, user in chosen.users.items():
            given = self.run.settings.read_secret(user, "password", f"users.{name}")
            password = given or (own[name].password if name in own else "")
            yield name, Credentials(user.username, password)


def _require_no_problem(readers: PreviousReaders) -> None:
    for act, problem in readers.read():
        reason = f"{act} fails on its own schema: {problem}"
        raise gap_error(rules.OLD_RELEASE_PROVEN, "the release before", reason)


def _add_problems(readers: PreviousReaders, builder: AssessmentBuilder) -> None:
    for act, problem in readers.read():
        builder.add_finding(rules.OLD_RELEASE_GOES_ON, act, expected="it works on", actual=problem)
