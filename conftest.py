"""Registers the plugin; everything else is in `src/cutover/pytest_plugin`."""

pytest_plugins = ["cutover_gates.plugin"]
