"""Finds what a process lacks without which its checks prove nothing: in the controller and workers.

A worker of xdist may run another Python than the controller (`--tx popen//env:…`).
"""

from __future__ import annotations

import os

import pytest


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
    if config.getoption("runxfail", default=False):
        missing.append(
            "--runxfail makes pytest.xfail() do nothing, so a check passes over the defect that it"
            " found: remove it"
        )
    return [f"in worker {worker}: {sentence}" if worker else sentence for sentence in missing]
