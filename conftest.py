"""Registers the plugin in a checkout, where the entry point of an installation may be missing."""

from __future__ import annotations

import pytest

PLUGIN = "cutover_gates.plugin.hooks"


def pytest_addoption(pluginmanager: pytest.PytestPluginManager) -> None:
    """Register the plugin, unless the entry point has done so. Its options are added with it."""
    pluginmanager.import_plugin(PLUGIN)
    if not pluginmanager.hasplugin(PLUGIN):
        # Without it pytest would run checks and judge nothing, in silence.
        raise pytest.UsageError(
            f"NO-GO: the plugin {PLUGIN} is switched off, so no gate can be judged. Remove"
            f" `-p no:{PLUGIN}` from the command line, PYTEST_ADDOPTS and the settings of pytest."
        )
