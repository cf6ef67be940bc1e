"""Registers the plugin in a checkout, where the entry point of an installation may be missing."""

from __future__ import annotations

import pytest


def pytest_addoption(pluginmanager: pytest.PytestPluginManager) -> None:
    """Register the plugin, unless the entry point has done so. Its options are added with it."""
    pluginmanager.import_plugin("cutover_gates.plugin.hooks")
