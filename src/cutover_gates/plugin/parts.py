"""The parts of the plugin: each must be at work in every process, from the start to the end.

`-p no:NAME` (also in PYTEST_ADDOPTS and pytest.ini) keeps pytest from registering a part, in
silence, and a conftest.py can unregister one. What such a part guards would then be unguarded.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

import pytest

PARTS_KEY: pytest.StashKey[Parts] = pytest.StashKey()


class Parts:
    """The plugins that a gate needs in this process, by the names under which they are registered.

    `missing` grows at each look: a part that was away for a while guarded nothing meanwhile.
    """

    def __init__(self, manager: pytest.PytestPluginManager) -> None:
        self._manager = manager
        self._hooks: dict[str, tuple[object, int]] = {}
        self.missing: set[str] = set()

    def register(self, plugin: object, name: str) -> None:
        """Register a plugin, and expect it from now on."""
        self._manager.register(plugin, name)
        self._hooks[name] = (plugin, self._count_hooks(plugin))

    def expect(self, names: Iterable[str]) -> None:
        """Expect plugins that somebody else has registered."""
        for name in names:
            plugin = self._manager.get_plugin(name)
            self._hooks[name] = (plugin, self._count_hooks(plugin))

    def find_missing(self) -> set[str]:
        """Return the names of the parts that are missing now or were at an earlier look."""
        self.missing |= {name for name in self._hooks if not self._is_at_work(name)}
        return self.missing

    def _is_at_work(self, name: str) -> bool:
        plugin, hooks = self._hooks[name]
        is_registered = plugin is not None and self._manager.get_plugin(name) is plugin
        # Fewer hooks than at first: someone took single ones of them away.
        return is_registered and self._count_hooks(plugin) >= hooks

    def _count_hooks(self, plugin: object) -> int:
        return len(self._manager.get_hookcallers(plugin) or ())


def describe_missing_parts(missing: Iterable[str], where: str = "") -> list[str]:
    """Return a sentence for each missing part. `where` names a worker of xdist."""
    place = f" in worker {where}" if where else ""
    return [
        f"the part {name} of the plugin is switched off or unregistered{place}, so what it guards"
        f" was not seen: remove `-p no:{name}` from the command line, PYTEST_ADDOPTS and the"
        " settings of pytest, and what unregisters it from conftest.py"
        for name in sorted(missing)
    ]


def find_missing_guards(config: pytest.Config, worker: str = "") -> list[str]:
    """Return a sentence for each guard without which checks prove nothing. `worker` is its name."""
    missing = []
    if not __debug__:
        missing.append(
            "Python runs with -O or PYTHONOPTIMIZE: assertions are not executed, and a check"
            " without them proves nothing"
        )
    if os.environ.get("PYTEST_DISABLE_PLUGIN_AUTOLOAD") or config.getoption(
        "disable_plugin_autoload", default=False
    ):
        missing.append(
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD or --disable-plugin-autoload keeps pytest from loading"
            " its plugins, so this run is not the one that is proven: remove it"
        )
    if not config.pluginmanager.hasplugin("timeout"):
        missing.append(
            "the plugin pytest-timeout is missing or switched off: a check that hangs would have"
            " no bound"
        )
    return [f"in worker {worker}: {sentence}" if worker else sentence for sentence in missing]
