"""What judged, hidden or changed: runs that end in GO and must say so, and runs that must not.

A `Disguise` keeps the word, and must be told near it. The tuple `HOLES` holds the NO-GOs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.gate.holes.catalogue import Change, Hole, body, both, file
from tests.gate.holes.toy_checkout import CheckoutToy, git

PLUGIN = "def pytest_configure(config): ...\n"
LEAVES_AGAIN = """
def pytest_sessionstart(session):
    session.config.pluginmanager.unregister(name="evil")
"""
LATE_PLUGIN = """
import types

def pytest_runtest_setup(item):
    plugin = types.ModuleType("evil")
    plugin.__file__ = __file__.replace("conftest", "evil")
    if not item.config.pluginmanager.has_plugin("evil"):
        item.config.pluginmanager.register(plugin, "evil")
"""
TIMEOUT = "from importlib.metadata import distribution\n" + (
    "exec((distribution('pytest-timeout').locate_file('pytest_timeout.py')).read_text())\n"
)
"""Does the same as the real plugin, and could do anything else."""
LIBRARY = """
import importlib, sys
folder = __file__.rpartition("/")[0]
sys.path = [each for each in sys.path if each not in ("", folder)]
mine = sys.modules.pop("rich")
sys.modules["not_rich"] = mine
importlib.import_module("rich")
"""
"""Gives way to the real library, and could do anything else."""


@dataclass(frozen=True)
class Disguise:
    """Something that changes what judges. `says` are texts near the word."""

    name: str
    says: tuple[str, ...]
    words: tuple[str, ...] = ()
    change: Change | None = None
    environment: tuple[tuple[str, str], ...] = ()
    thorough: bool = False


DISGUISES = (
    Disguise(
        "options, overrides and settings of the environment",
        (
            "PYTEST_ADDOPTS=-q -o log_cli=false",
            "-o log_cli=false",
            "-o log_level=info",
            "Settings from the environment: targets.toy.performance.error_rate",
            "Limits looser than the defaults: performance.error_rate = 0.04 (default 0.001)",
            "Plan: not the shipped one",
        ),
        words=("-o", "log_level=info"),
        environment=(
            ("PYTEST_ADDOPTS", "-q -o log_cli=false"),
            ("CUTOVER_TARGETS__TOY__PERFORMANCE__ERROR_RATE", "0.04"),
        ),
    ),
    Disguise(
        "a plugin by PYTEST_PLUGINS that leaves again",
        ("PYTEST_PLUGINS=evil", "Plugins beyond the usual: ", "evil"),
        change=file("evil.py", LEAVES_AGAIN),
        environment=(("PYTEST_PLUGINS", "evil"),),
    ),
    Disguise(
        "a plugin that only the workers have",
        ("evil", "smoke/conftest.py"),
        words=("-n", "2"),
        change=file("smoke/conftest.py", LATE_PLUGIN),
    ),
    Disguise(
        "a plugin by -p",
        ("Plugins beyond the usual: ", "evil"),
        words=("-p", "evil"),
        change=file("evil.py", PLUGIN),
        thorough=True,
    ),
    Disguise(
        "a file that has the name of a usual plugin",
        ("Plugins beyond the usual: ", "timeout"),
        change=file("pytest_timeout.py", TIMEOUT),
        thorough=True,
    ),
    Disguise(
        "a file that has the name of a library",
        ("Modules that are of no library: rich.py",),
        change=file("rich.py", LIBRARY),
        thorough=True,
    ),
    Disguise(
        "a file that Python runs at its start",
        ("Plugins beyond the usual: ", "sitecustomize"),
        change=file("sitecustomize.py", "import sys\n"),
        thorough=True,
    ),
)

Hide = Callable[[CheckoutToy], None]
EDITED = "smoke/test_visits.py"


@dataclass(frozen=True)
class HiddenEdit:
    """An edit of a checkout that git does not show. `path` is the file, `change` its kind."""

    name: str
    hide: Hide
    path: str = EDITED
    change: str = "changed"
    environment: tuple[tuple[str, str], ...] = ()
    thorough: bool = True


def edit(toy: CheckoutToy, name: str = EDITED) -> None:
    """Add a line that changes nothing to a shipped file."""
    path = toy.folder / name
    path.write_text(path.read_text(encoding="utf-8") + "\n# edited\n", encoding="utf-8")


def _assume_unchanged(toy: CheckoutToy) -> None:
    edit(toy)
    git(toy.folder, "update-index", "--assume-unchanged", EDITED)


def _skip_worktree(toy: CheckoutToy) -> None:
    edit(toy, "src/cutover_gates/core/judge.py")
    git(toy.folder, "update-index", "--skip-worktree", "src/cutover_gates/core/judge.py")


def _clean_filter(toy: CheckoutToy) -> None:
    edit(toy)
    git(toy.folder, "config", "filter.hide.clean", f"git show HEAD:{EDITED}")
    (toy.folder / ".git/info/attributes").write_text(f"{EDITED} filter=hide\n")


def _replace_object(toy: CheckoutToy) -> None:
    committed = git(toy.folder, "rev-parse", f"HEAD:{EDITED}")
    edit(toy)
    edited = git(toy.folder, "hash-object", "-w", EDITED)
    tree = git(toy.folder, "rev-parse", "HEAD^{tree}")
    listing = git(toy.folder, "ls-tree", "HEAD:smoke").replace(committed, edited)
    smoke = git(toy.folder, "mktree", given=listing + "\n")
    top = git(toy.folder, "ls-tree", "HEAD").replace(
        git(toy.folder, "rev-parse", "HEAD:smoke"), smoke
    )
    git(toy.folder, "replace", tree, git(toy.folder, "mktree", given=top + "\n"))


def _ignored_conftest(toy: CheckoutToy) -> None:
    (toy.folder / ".git/info/exclude").write_text("conftest.py\n")
    toy.write("smoke/monitoring/conftest.py", "def pytest_runtest_setup(item): ...\n")


def _remove(toy: CheckoutToy) -> None:
    (toy.folder / EDITED).unlink()
    git(toy.folder, "update-index", "--skip-worktree", EDITED)


HIDDEN_EDITS = (
    HiddenEdit("assume-unchanged", _assume_unchanged, thorough=False),
    HiddenEdit("skip-worktree", _skip_worktree, path="cutover_gates/core/judge.py"),
    HiddenEdit("a clean filter that restores the old text", _clean_filter),
    HiddenEdit("a replaced object", _replace_object),
    HiddenEdit("GIT_DIR of another repository", edit, environment=(("GIT_DIR", "/nowhere/.git"),)),
    HiddenEdit("an index of its own", edit, environment=(("GIT_INDEX_FILE", "/nowhere/index"),)),
    HiddenEdit(
        "an ignored conftest.py beside shipped checks",
        _ignored_conftest,
        path="smoke/monitoring/conftest.py",
        change="added",
    ),
    HiddenEdit("a removed file", _remove, change="missing"),
    HiddenEdit(
        "a pytest.ini, which goes before pyproject.toml",
        lambda toy: toy.write("pytest.ini", toy.ini()),
        path="pytest.ini",
        change="added",
    ),
)

HOLES = (
    Hole(
        "the plan is changed while the gate runs",
        change=body("import pathlib", "pathlib.Path('plan.toml').open('a').write('# x')"),
        outcome="passed",
        holds="plan.toml changed while the gate ran",
    ),
    Hole(
        "a check is changed while the gate runs",
        change=body("import pathlib", "pathlib.Path(__file__).open('a').write('# x')"),
        outcome="passed",
        holds="the suite changed while the gate ran (smoke/test_sign_in.py)",
        thorough=True,
    ),
    Hole(
        "a check that is restored before the end",
        change=body(
            "import os, pathlib",
            "text = pathlib.Path(__file__).read_text()",
            "before = os.stat(__file__)",
            "pathlib.Path(__file__).write_text('assert True')",
            "pathlib.Path(__file__).write_text(text)",
            "os.utime(__file__, ns=(before.st_atime_ns, before.st_mtime_ns))",
        ),
        outcome="passed",
        holds="smoke/test_sign_in.py was written while the gate ran, and is as before",
        thorough=True,
    ),
    Hole(
        "settings are changed while the gate runs",
        change=both(body("import pathlib", "pathlib.Path('cutover.toml').open('a').write('# x')")),
        outcome="passed",
        holds="cutover.toml changed while the gate ran",
        thorough=True,
    ),
)
