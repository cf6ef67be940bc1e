"""Registers the plugin; everything else is in `src/cutover_gates/plugin`."""

pytest_plugins = ["cutover_gates.plugin"]
