"""Two runs with one digest were asked the same: whatever changes the question changes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from cutover_gates.config.loader import load_settings
from cutover_gates.core.judged_by import (
    HashedFile,
    Invocation,
    PluginOrigin,
    SuiteOrigin,
    SuiteState,
)
from cutover_gates.plugin import question_digest
from cutover_gates.plugin.question_digest import (
    combine_parts,
    compute_parts,
    select_deciding_words,
)

SUITE = SuiteOrigin(
    SuiteState.WITH_OWN,
    "abc",
    "1" * 64,
    ("smoke/test_own.py::test_it",),
    (HashedFile("own", "smoke/test_own.py", "2" * 64),),
)
PLAN = HashedFile("plan", "plan.toml", "3" * 64, 9)
PLUGIN = PluginOrigin("conftest.py", "", "/a/conftest.py", "conftest")
CALL = Invocation(words=("-m", "phase3"), environment={"PYTEST_ADDOPTS": "-q"})
STAGING = '[targets.staging]\nurl = "https://staging.example"\n'

Question = dict[str, Any]


@pytest.fixture
def digest(tmp_path: Path) -> Callable[..., str]:
    """Return the digest of a plain question with some parts changed."""

    def digest(toml: str = "", **changed: Any) -> str:
        path = tmp_path / "cutover.toml"
        path.write_text(STAGING + toml, encoding="utf-8")
        question: Question = {
            "suite": SUITE,
            "files": (PLAN,),
            "plugins": (PLUGIN,),
            "invocation": CALL,
        }
        settings = load_settings(path, tmp_path)
        return combine_parts(compute_parts(settings, **{**question, **changed}))

    return digest


def words(*more: str) -> Mapping[str, Any]:
    return {"invocation": replace(CALL, words=(*CALL.words, *more))}


def one_file(role: str, sha256: str = "4" * 64) -> Mapping[str, Any]:
    return {"files": (PLAN, HashedFile(role, f"{role}.x", sha256))}


OTHER_QUESTIONS: tuple[Mapping[str, Any], ...] = (
    {"toml": "[targets.staging.performance]\nerror_rate = 0.002\n"},
    {"toml": "[targets.staging.limits]\nrequest_seconds = 5\n"},
    {"suite": replace(SUITE, digest="9" * 64)},
    {"suite": replace(SUITE, own_files=())},
    {"suite": replace(SUITE, own_files=(HashedFile("own", "smoke/test_own.py", "8" * 64),))},
    {"files": (replace(PLAN, sha256="8" * 64),)},
    *(
        one_file(role)
        for role in (
            "mapping",
            "driver",
            "own module",
            "document",
            "migration script",
            "expected catalog",
            "compared with",
            "accepted findings",
        )
    ),
    one_file("migration script", "5" * 64),
    {"plugins": ()},
    {"plugins": (PLUGIN, PluginOrigin("pytest-x", "1.0", "/x", "distribution"))},
    {"plugins": (PLUGIN, PluginOrigin("pytest-x", "1.1", "/x", "distribution"))},
    words("-k", "patient"),
    words("--deselect", "smoke/test_visits.py"),
    words("smoke/test_visits.py"),
    words("--ignore=smoke/test_visits.py"),
    words("-o", "python_functions=test_a*"),
    words("-p", "no:timeout"),
    words("--timeout=0"),
    {"invocation": replace(CALL, words=("-m", "t24"))},
    {"invocation": replace(CALL, from_file=("--lf",))},
    {"invocation": replace(CALL, environment={"PYTEST_ADDOPTS": "-q -x"})},
)


def test_every_other_question_has_another_digest(digest: Callable[..., str]) -> None:
    digests = [digest(), *(digest(**changed) for changed in OTHER_QUESTIONS)]
    same = [digests.index(each) for number, each in enumerate(digests) if each in digests[:number]]
    assert not same


def test_another_version_of_a_deciding_library_is_another_question(
    digest: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = digest()
    monkeypatch.setattr(
        question_digest, "version", lambda name: "0" if name == "schemathesis" else version(name)
    )
    assert digest() != before


SAME_QUESTION: tuple[Mapping[str, Any], ...] = (
    # Decisions stand beside the digest: they answer nothing.
    one_file("waivers"),
    one_file("sign-offs"),
    # Where and how a run is shown.
    words("-n", "4"),
    words("-n4", "-q", "-rA", "--color=yes", "--tb", "short"),
    words("--junitxml=/tmp/now.xml", "--alluredir", "/tmp/a", "--durations=5"),
    # The settings have them.
    words("--target", "staging", "--release=2", "--cutover-config", "c.toml"),
    {"invocation": replace(CALL, other_variables=("HTTPS_PROXY",), python="CPython 3.12.1")},
    {"suite": replace(SUITE, origin="def")},
)


def test_the_same_question_has_the_same_digest(digest: Callable[..., str]) -> None:
    assert {digest(**changed) for changed in SAME_QUESTION} == {digest()}


def test_a_rotated_secret_asks_nothing_else(
    digest: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither one in a variable nor one in a file."""
    accounts = '[targets.staging.users.registrar]\nusername = "r"\npassword_file = "p"\n'
    digests = set()
    for secret in ("first-password", "second-password"):
        (tmp_path / "p").write_text(secret, encoding="utf-8")
        monkeypatch.setenv("CUTOVER_TARGETS__STAGING__EXPIRED_TOKEN", secret)
        digests.add(digest(accounts))
    assert len(digests) == 1


def test_values_of_options_that_only_show_are_left_out() -> None:
    call = ["-m", "phase3", "-n", "2", "--tb=short", "--junitxml", "x.xml", "smoke", "-vv"]
    assert list(select_deciding_words(call)) == ["-m", "phase3", "smoke"]
