"""The digest of all that decides what a run asks of a target.

Two runs with one digest were asked the same. The parts are kept beside it, so that two runs with
two digests show what differs.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version

from cutover_gates.config.settings import Settings
from cutover_gates.config.settings_digest import compute_settings_digest
from cutover_gates.core.judged_by import HashedFile, Invocation, PluginOrigin, SuiteOrigin

LIBRARIES = (
    "cutover-gates",
    "httpx",
    "hypothesis",
    "hypothesis-jsonschema",
    "jmespath",
    "jsonschema",
    "locust",
    "openapi-schema-validator",
    "openapi-spec-validator",
    "promql-parser",
    "psycopg",
    "pydantic",
    "pytest",
    "pytest-timeout",
    "pytest-xdist",
    "schemathesis",
    "scipy",
    "squawk-cli",
)
"""Distributions whose version decides what is asked, or how an answer is judged."""
NOT_ASKED = frozenset({"settings", "waivers", "sign-offs"})
"""Files that are no part of the question: decisions, and settings, which are read and counted."""
SHOWN_ONLY = frozenset(
    {"-q", "-qq", "-v", "-vv", "-vvv", "-s", "-l", "--quiet", "--verbose", "--showlocals"}
)
WITH_VALUE = frozenset(
    {
        "--alluredir",
        "--basetemp",
        "--capture",
        "--color",
        "--cutover-config",
        "--dist",
        "--durations",
        "--durations-min",
        "--junit-xml",
        "--junitxml",
        "--log-file",
        "--maxprocesses",
        "--numprocesses",
        "--release",
        "--rootdir",
        "--target",
        "--tb",
        "-n",
        "-r",
    }
)
"""Options that change where and how a run is shown, or that the settings hold already."""


def compute_parts(
    settings: Settings,
    suite: SuiteOrigin,
    files: Iterable[HashedFile],
    plugins: Iterable[PluginOrigin],
    invocation: Invocation,
) -> dict[str, str]:
    """Return the SHA-256 of each part of the question, by its name."""
    asked = [
        [file.role, file.path, file.sha256] for file in sorted(files) if file.role not in NOT_ASKED
    ]
    environment = [invocation.environment.get("PYTEST_ADDOPTS", "").split()]
    words = [list(invocation.words), list(invocation.from_file), *environment]
    return {
        "settings": compute_settings_digest(settings),
        "suite": suite.digest,
        "own files": _hash([[file.path, file.sha256] for file in suite.own_files]),
        "files": _hash(asked),
        "command line": _hash([list(select_deciding_words(part)) for part in words]),
        "plugins": _hash(sorted({(each.name, each.version) for each in plugins})),
        "libraries": _hash(dict(_list_versions())),
    }


def combine_parts(parts: Mapping[str, str]) -> str:
    """Return one SHA-256 over all parts."""
    return _hash(dict(parts))


def select_deciding_words(words: Iterable[str]) -> Iterator[str]:
    """Yield the words of a command line but those that only say where and how a run is shown."""
    skip_next = False
    for word in words:
        option, has_value, _ = word.partition("=")
        if skip_next:
            skip_next = False
        elif option in WITH_VALUE:
            skip_next = not has_value
        elif word not in SHOWN_ONLY and not _is_joined(word):
            yield word


def _is_joined(word: str) -> bool:
    """Return whether a word is a short option that only shows, with its value: `-n4`, `-rA`."""
    return word[:2] in WITH_VALUE and not word.startswith("--") and len(word) > 2


def _list_versions() -> Iterator[tuple[str, str]]:
    yield "python", ".".join(map(str, sys.version_info[:2]))
    for name in LIBRARIES:
        try:
            yield name, version(name)
        except PackageNotFoundError:
            yield name, ""


def _hash(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
