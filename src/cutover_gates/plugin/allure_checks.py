"""Allure's results of single checks: their titles, steps and evidence, and what cannot be written.

Allure's own plugin writes a result for each check, in the process that runs it. A full disk would
break it in the middle of a hook, with a traceback; here that becomes a hold.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import allure
import allure_commons
import pytest

from cutover_gates.plugin.check_inventory import split_docstring
from cutover_gates.plugin.check_outcome import peek_evidence
from cutover_gates.plugin.collection import items_of
from cutover_gates.reporting.evidence_text import describe_evidence, format_evidence


class AllureChecks:
    """Hooks around each check that is judged."""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Give the check its title, a step for each exchange, and its evidence.

        The evidence is redacted, and stands on the report of the teardown.
        """
        report = yield
        if items_of(item):
            if report.when == "setup":
                _set_title(item)
            _add_evidence(report)
        return report


def _set_title(item: pytest.Item) -> None:
    title, _ = split_docstring(getattr(getattr(item, "function", None), "__doc__", None))
    parameters = getattr(getattr(item, "callspec", None), "id", "")
    if title:
        name = f"{title} [{parameters}]" if parameters else title
        allure.dynamic.title(name)  # type: ignore[no-untyped-call]  # Allure types only a part


def _add_evidence(report: pytest.TestReport) -> None:
    evidence = peek_evidence(report)
    for line in describe_evidence(evidence):
        with allure.step(line):
            pass  # it is over: Allure counts no time for it
    if evidence:
        allure.attach(format_evidence(evidence), "evidence", allure.attachment_type.JSON)


class AllureGuard:
    """Hooks around Allure's writing. `holds` gets a sentence where a file cannot be written.

    The verdict is NO-GO then, and the run goes on.
    """

    def __init__(self, holds: list[str]) -> None:
        self._holds = holds

    @allure_commons.hookimpl(wrapper=True)
    def report_result(self) -> Generator[None, Any, Any]:
        """Write the result of a check."""
        return (yield from self._write())

    @allure_commons.hookimpl(wrapper=True)
    def report_container(self) -> Generator[None, Any, Any]:
        """Write the fixtures of a check."""
        return (yield from self._write())

    @allure_commons.hookimpl(wrapper=True)
    def report_attached_file(self) -> Generator[None, Any, Any]:
        """Copy an attachment."""
        return (yield from self._write())

    @allure_commons.hookimpl(wrapper=True)
    def report_attached_data(self) -> Generator[None, Any, Any]:
        """Write an attachment."""
        return (yield from self._write())

    def _write(self) -> Generator[None, Any, Any]:
        try:
            return (yield)
        except OSError as error:
            sentence = (
                f"a result of Allure could not be written ({error.strerror}): free space, and run"
                " again"
            )
            if sentence not in self._holds:
                self._holds.append(sentence)
            return None


def register_allure(config: pytest.Config, holds: list[str]) -> None:
    """Register both where Allure is at work in this process."""
    if not config.pluginmanager.hasplugin("allure_pytest"):
        return
    config.pluginmanager.register(AllureChecks(), "cutover-allure-checks")
    guard = AllureGuard(holds)
    allure_commons.plugin_manager.register(guard)
    config.add_cleanup(lambda: allure_commons.plugin_manager.unregister(guard) and None)
