"""What judged, for the verdict: suite, files, plugins, command line, settings, and their digest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from cutover_gates.config.loose_limits import find_loose_limits
from cutover_gates.core.judged_by import HashedFile, JudgedBy
from cutover_gates.plugin.check_inventory import build_inventory
from cutover_gates.plugin.invocation import (
    describe_invocation,
    describe_sources,
    make_redactor,
)
from cutover_gates.plugin.judging_files import (
    describe_changed,
    list_fixed_paths,
    list_judging_files,
)
from cutover_gates.plugin.own_modules import list_foreign_modules, select_own_modules
from cutover_gates.plugin.plugin_inventory import PluginRecorder
from cutover_gates.plugin.question_digest import compute_parts
from cutover_gates.plugin.run import PytestRun
from cutover_gates.plugin.suite_comparison import SuiteComparison, compare_suite
from cutover_gates.plugin.suite_origin import describe_suite, iterate_suite_files
from cutover_gates.util.real_paths import resolve_file
from cutover_gates.util.shipped_files import iterate_all

PLAN = "plan.toml"


class Provenance:
    """What judges one run: as it is at the start, and what became of it by the end."""

    def __init__(self, run: PytestRun, config: pytest.Config) -> None:
        """Read and hash everything. It takes about 0.2 s."""
        self.run, self.config = run, config
        self.plugins = PluginRecorder()
        self._written = self._list_write_times()
        self._comparison = compare_suite()
        self.start = run.judged_by = self._describe(self._comparison)

    def find_changes(self) -> list[str]:
        """Describe everything again; return a sentence for each change that makes a run doubtful.

        What was asked with one version of a file and judged with another proves neither.
        """
        now = self._list_write_times()
        # No file was written, so none needs to be read again: that takes 0.1 s.
        end = self._describe(self._comparison if now == self._written else compare_suite())
        self.run.judged_by = end
        files = describe_changed(self.start.files, end.files)
        sentences = [self._describe_suite_change(end), files]
        # What is as before may have been another file meanwhile.
        sentences += [] if any(sentences) else [self._describe_restored(now)]
        return [sentence for sentence in sentences if sentence]

    def _describe_restored(self, now: Mapping[str, int]) -> str:
        """Return a sentence where a file was written during the run and has its old content."""
        written = sorted(name for name, time in self._written.items() if now.get(name) != time)
        if not written:
            return ""
        return (
            f"{', '.join(written[:5])} was written while the gate ran, and is as before: what was"
            " asked meanwhile is unknown. Run the gate again"
        )

    def _list_write_times(self) -> dict[str, int]:
        """Return when each shipped, own and deciding file was last written, by its name.

        It is the change time of the file system: it cannot be set back, as the time of
        modification.
        """
        own = iterate_suite_files(self.run.suite_folders)
        paths = [*iterate_all(), *own, *list_fixed_paths(self.run)]
        return {name: _read_change_time(path) for name, path in paths}

    def _describe(self, comparison: SuiteComparison) -> JudgedBy:
        run = self.run
        suite = describe_suite(comparison, run.suite_folders, build_inventory(run.suite_folders))
        shipped = _list_shipped(comparison)
        found = self.plugins.list_unusual(shipped, run.root)
        # A checkout brings more than what is shipped: the tests of this project, and what they use.
        plugins = tuple(each for each in found if not comparison.is_committed(Path(each.path)))
        modules = {*self.plugins.modules, *list_foreign_modules()}
        own = select_own_modules(modules, run.root, shipped)
        own = [path for path in own if not comparison.is_committed(path)]
        files = list_judging_files(run, own)
        invocation = describe_invocation(self.config, make_redactor(run.redactor))
        return JudgedBy(
            suite,
            own_plan=_is_own_plan(files, comparison),
            files=files,
            plugins=plugins,
            invocation=invocation,
            settings=describe_sources(self.config),
            loose_limits=find_loose_limits(run.settings.chosen_target, run.settings),
            digest=compute_parts(run.settings, suite, files, plugins, invocation),
        )

    def _describe_suite_change(self, end: JudgedBy) -> str:
        """Return a sentence where a shipped or own file changed during the run."""
        before, after = self.start.suite, end.suite
        if (before.digest, before.own_files) == (after.digest, after.own_files):
            return ""
        own = {file.path for file in set(before.own_files) ^ set(after.own_files)}
        changed = {file.path for file in set(before.changed) ^ set(after.changed)}
        names = ", ".join(sorted(own | changed)) or "a file that was changed before"
        return (
            f"the suite changed while the gate ran ({names}), so some checks may be of one version"
            " and some of another: run the gate again"
        )


def _is_own_plan(files: Sequence[HashedFile], comparison: SuiteComparison) -> bool:
    """Return whether the plan differs from the shipped one."""
    plans = {file.sha256 for file in files if file.role == "plan"}
    shipped = comparison.present.get(PLAN)
    return plans != {shipped} or PLAN in comparison.differences


def _list_shipped(comparison: SuiteComparison) -> set[Path]:
    """Return the shipped files."""
    files = {path for name, path in iterate_all() if name in comparison.expected}
    return set(map(resolve_file, files))


def _read_change_time(path: Path) -> int:
    """Return when a file was last changed, in nanoseconds; 0 where there is none."""
    try:
        return path.stat().st_ctime_ns
    except OSError:
        return 0
