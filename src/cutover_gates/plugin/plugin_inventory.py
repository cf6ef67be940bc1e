"""The pytest plugins beyond the usual ones, and the files that Python runs at its start.

Each of them can change what a check does. A plugin is recorded when it is registered, so that one
that leaves again is known too. Workers tell theirs to the controller.
"""

from __future__ import annotations

import site
import sys
import sysconfig
from collections.abc import Collection, Iterator
from dataclasses import replace
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from cutover_gates.core.judged_by import PluginOrigin
from cutover_gates.plugin.own_modules import list_foreign_modules

OUTPUT, MODULES_OUTPUT = "cutover_plugins", "cutover_modules"
"""The keys of a worker's plugins, and of foreign modules, in xdist's `workeroutput`."""
USUAL_MODULES = {
    "_pytest": "pytest",
    "allure_commons": "allure-python-commons",
    "allure_pytest": "allure-pytest",
    "anyio": "anyio",
    "cutover_gates": "cutover-gates",
    "_hypothesis_pytestplugin": "hypothesis",
    "hypothesis": "hypothesis",
    "locust": "locust",
    "pytest_timeout": "pytest-timeout",
    "schemathesis": "schemathesis",
    "xdist": "pytest-xdist",
}
"""Modules of the usual plugins, with the distribution that each must come from."""
OF_WORKER = "__channelexec__"
"""The module of what xdist itself runs in a worker: it was sent there, and has no file."""
USUAL_STARTUP_FILES = frozenset({"_virtualenv.pth", "distutils-precedence.pth"})
OWN_PACKAGE = Path(__file__).resolve().parent.parent


class PluginRecorder:
    """Hooks that record every plugin of this process, and take those of the workers.

    `modules` are the files of foreign modules that workers have loaded.
    """

    def __init__(self) -> None:
        self.found: dict[PluginOrigin, None] = {}
        self.modules: set[str] = set()

    def pytest_plugin_registered(
        self, plugin: object, plugin_name: str, manager: pytest.PytestPluginManager
    ) -> None:
        """Record a plugin. pytest calls this for those that were registered before, too."""
        if origin := _describe_plugin(plugin, plugin_name, manager):
            self.found[origin] = None

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Put a worker's plugins into what xdist sends to the controller."""
        output: dict[str, Any] = getattr(session.config, "workeroutput", {})
        output[OUTPUT] = [vars(origin) for origin in self.found]
        output[MODULES_OUTPUT] = list_foreign_modules()

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take the plugins of a worker that ended."""
        output = getattr(node, "workeroutput", {})
        self.modules.update(output.get(MODULES_OUTPUT, ()))
        for plain in output.get(OUTPUT, ()):
            self.found[PluginOrigin(**plain)] = None

    def list_unusual(self, shipped: Collection[Path], root: Path) -> tuple[PluginOrigin, ...]:
        """Return what was recorded, and Python's start-up files.

        A `shipped` conftest.py is not in it. The others are named relative to the folder `root`.
        """
        plugins = [each for each in self.found if Path(each.path) not in shipped]
        named = [_name_conftest(each, root.resolve()) for each in plugins]
        return tuple(sorted({*named, *_list_startup_files()}))


def _name_conftest(origin: PluginOrigin, root: Path) -> PluginOrigin:
    path = Path(origin.path)
    if origin.source != "conftest" or not path.is_relative_to(root):
        return origin
    return replace(origin, name=path.relative_to(root).as_posix())


def _describe_plugin(
    plugin: object, name: str, manager: pytest.PytestPluginManager
) -> PluginOrigin | None:
    """Return the origin of a plugin; None for a usual one from its usual place."""
    module = plugin if isinstance(plugin, ModuleType) else sys.modules.get(type(plugin).__module__)
    path = _path_of(module)
    top = module.__name__.partition(".")[0] if module else ""
    is_of_worker = type(plugin).__module__ == OF_WORKER
    if is_of_worker or (path is not None and _is_usual(top, path)):
        return None
    if path is not None and path.name == "conftest.py":
        return PluginOrigin(name, "", str(path), "conftest")
    return _find_distribution(top, path, manager) or PluginOrigin(
        _shorten_name(name, plugin), "", str(path or ""), "module"
    )


def _find_distribution(
    top: str, path: Path | None, manager: pytest.PytestPluginManager
) -> PluginOrigin | None:
    """Return the distribution whose entry point loaded a module of this package; else None."""
    for loaded, facade in manager.list_plugin_distinfo():
        if path is not None and getattr(loaded, "__name__", "").partition(".")[0] == top:
            version = str(facade.version)
            return PluginOrigin(facade.project_name, version, str(path.parent), "distribution")
    return None


def _shorten_name(name: str, plugin: object) -> str:
    """Return the name of a plugin; that of its class where pytest has numbered it."""
    return type(plugin).__qualname__ if name == str(id(plugin)) else name


def _path_of(module: ModuleType | None) -> Path | None:
    file = getattr(module, "__file__", None)
    return Path(file).resolve() if file else None


@cache
def _is_usual(top: str, path: Path) -> bool:
    """Return whether a module is of a usual plugin, and stands where its distribution is."""
    if path.is_relative_to(OWN_PACKAGE):
        return True
    name = USUAL_MODULES.get(top)
    if name is None or top == "cutover_gates":
        return False
    try:
        home = Path(str(distribution(name).locate_file(""))).resolve()
    except PackageNotFoundError:
        return False
    # A module of the same name in the project's folder would be found first.
    return path.is_relative_to(home) and path.relative_to(home).parts[0].partition(".")[0] == top


def _list_startup_files() -> Iterator[PluginOrigin]:
    """Yield what Python runs before anything else: sitecustomize, and lines in `.pth` files."""
    library = Path(sysconfig.get_path("stdlib")).resolve()
    for name in ("sitecustomize", "usercustomize"):
        path = _path_of(sys.modules.get(name))
        # The one of a Linux distribution stands in, or is linked from, its standard library.
        if path is not None and not _stands_in_library(name, library):
            yield PluginOrigin(name, "", str(path), "start-up")
    for folder in _site_folders():
        for path in sorted(folder.glob("*.pth")):
            if path.name not in USUAL_STARTUP_FILES and _runs_code(path):
                yield PluginOrigin(path.name, "", str(path), "start-up")


def _stands_in_library(name: str, library: Path) -> bool:
    file = getattr(sys.modules.get(name), "__file__", None) or ""
    return Path(file).parent.resolve() == library


def _site_folders() -> list[Path]:
    folders = [*site.getsitepackages(), site.getusersitepackages()]
    return [folder for folder in map(Path, dict.fromkeys(folders)) if folder.is_dir()]


def _runs_code(path: Path) -> bool:
    """Return whether Python executes a line of a `.pth` file (`site` executes imports)."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return any(line.startswith(("import ", "import\t")) for line in text.splitlines())
