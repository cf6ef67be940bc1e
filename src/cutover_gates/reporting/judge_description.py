"""What judged, in words: near the verdict's word where it is not plain, and in full at the end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

from cutover_gates.core.judged_by import (
    HashedFile,
    JudgedBy,
    PluginOrigin,
    SuiteOrigin,
    SuiteState,
)
from cutover_gates.core.printable import strip_control_characters
from cutover_gates.core.verdict import Verdict

MAX_NAMES = 5
OWN_MODULE = "own module"
TELLING_OPTIONS = (
    "-c",
    "--config-file",
    "--confcutdir",
    "--cutover-config",
    "--import-mode",
    "--noconftest",
    "--pythonwarnings",
    "--rootdir",
    "-W",
    "-p",
)
"""Options that change which files pytest reads, or what it takes for a fault."""
SHORT_DIGEST = 12
EXPECTED_KEYS = frozenset({"target", "release", "previous_release", "reports"})
"""Keys that a pipeline usually gives by a variable. Target and release stand beside the word."""
HARMLESS_VARIABLES = frozenset(
    {
        "PYTHONDONTWRITEBYTECODE",
        "PYTHONFAULTHANDLER",
        "PYTHONIOENCODING",
        "PYTHONNOUSERSITE",
        "PYTHONSAFEPATH",
        "PYTHONUNBUFFERED",
        "PYTHONUTF8",
    }
)


def describe_judge(verdict: Verdict) -> list[str]:
    """Return a line for each way in which a run was not the plain one; empty where it was.

    Plain is: the shipped suite and plan, the usual plugins, the settings file, limits no looser
    than the defaults.
    """
    judged_by = verdict.subject.judged_by
    if judged_by is None:
        return []
    return [strip_control_characters(line) for line in _list_lines(judged_by)]


def _list_lines(judged_by: JudgedBy) -> Iterator[str]:
    if judged_by.suite.state is not SuiteState.SHIPPED:
        yield f"Suite: {_describe_suite(judged_by.suite)}."
    if judged_by.own_plan:
        plans = [file for file in judged_by.files if file.role == "plan"]
        yield f"Plan: not the shipped one, but {_join(map(_describe_file, plans))}."
    if judged_by.plugins:
        yield f"Plugins beyond the usual: {_join(map(_describe_plugin, judged_by.plugins))}."
    if modules := [file.path for file in judged_by.files if file.role == OWN_MODULE]:
        yield f"Modules that are of no library: {_join(modules)}."
    if called := list(_list_call(judged_by)):
        yield f"Called with: {_join(called)}."
    if keys := [key for key in judged_by.settings.environment if key not in EXPECTED_KEYS]:
        yield f"Settings from the environment: {_join(keys)}."
    limits = [limit for limit in judged_by.loose_limits if not limit.is_size]
    if limits:
        loose = [f"{limit.key} = {limit.value} (default {limit.default})" for limit in limits]
        yield f"Limits looser than the defaults: {_join(loose)}."


def _describe_suite(suite: SuiteOrigin) -> str:
    if suite.state is SuiteState.CHANGED:
        files = [f"{each.path} ({each.change})" for each in suite.changed]
        own = f"; and {_count(suite.own_checks)}" if suite.own_checks else ""
        return f"{suite.state.value}: {_join(files)}{own}"
    if suite.state is SuiteState.WITH_OWN:
        return f"the shipped suite with {_count(suite.own_checks)}: {_join(suite.own_checks)}"
    if suite.state is SuiteState.OWN_ONLY:
        return f"{_count(suite.own_checks)} only, no shipped one: {_join(suite.own_checks)}"
    return suite.state.value


def _count(checks: tuple[str, ...]) -> str:
    return "1 own check" if len(checks) == 1 else f"{len(checks)} own checks"


def _describe_file(file: HashedFile) -> str:
    nouns = {"plan": ("item", "items"), "settings": ("", "")}
    one, many = nouns.get(file.role, ("decision", "decisions"))
    count = "" if file.entries is None else f"{file.entries} {one if file.entries == 1 else many}, "
    return f"{file.path} ({count}SHA-256 {file.sha256[:SHORT_DIGEST] or 'unknown'})"


def _describe_plugin(plugin: PluginOrigin) -> str:
    return f"{plugin.name} {plugin.version}".strip()


def _list_call(judged_by: JudgedBy) -> Iterator[str]:
    """Yield what changes how pytest runs, and stands in no file of the project."""
    invocation = judged_by.invocation
    for name, text in invocation.environment.items():
        if name not in HARMLESS_VARIABLES:
            yield f"{name}={text}"
    yield from (f"-o {override}" for override in invocation.overrides)
    for word, following in pairwise((*invocation.words, "")):
        if word.startswith("--") and word.partition("=")[0] in TELLING_OPTIONS and "=" in word:
            yield word
        elif word in TELLING_OPTIONS and not following.startswith("no:"):
            yield f"{word} {following}".strip()


def _join(names: Iterable[str]) -> str:
    every = list(names)
    shown = ", ".join(every[:MAX_NAMES])
    more = len(every) - MAX_NAMES
    return f"{shown} and {more} more (verdict.json)" if more > 0 else shown


def list_judge_facts(verdict: Verdict) -> list[tuple[str, str]]:
    """Return names and values of what judged, for the foot of the page."""
    judged_by = verdict.subject.judged_by
    if judged_by is None:
        return []
    suite, invocation = judged_by.suite, judged_by.invocation
    scripts = sum(file.role == "migration script" for file in judged_by.files)
    files = [file for file in judged_by.files if file.role != "migration script"]
    variables = [f"{name}={text}" for name, text in invocation.environment.items()]
    sizes = [f"{limit.key} = {limit.value}" for limit in judged_by.loose_limits]
    facts = [
        ("Judged by", _describe_suite(suite)),
        ("Suite, SHA-256", suite.digest),
        *((file.role.capitalize(), f"{file.path}, SHA-256 {file.sha256}") for file in files),
        ("Migration scripts", str(scripts) if scripts else ""),
        ("Plugins beyond the usual", _join(map(_describe_plugin, judged_by.plugins))),
        ("Command line", " ".join(("pytest", *invocation.words))),
        ("Variables of pytest and Python", _join(variables)),
        ("Variables that decide who answers", _join(invocation.other_variables)),
        ("Settings from the environment", _join(judged_by.settings.environment)),
        ("Secrets from the environment", _join(judged_by.settings.secrets)),
        ("Limits looser than the defaults", _join(sizes)),
        ("Python", invocation.python),
    ]
    return [(name, value) for name, value in facts if value]
