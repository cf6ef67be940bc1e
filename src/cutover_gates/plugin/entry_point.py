"""The `pytest11` entry point: loads the plugin in projects that have settings for it.

pytest imports this module in every project of an environment in which the distribution is
installed. So it imports nothing but pytest (0.6 ms), and it adds no option, marker or fixture.
Where it finds no settings, the plugin is never imported.
"""

from __future__ import annotations

import pytest

PLUGIN = "cutover_gates.plugin.hooks"
SETTINGS_FILE = "cutover.toml"
SETTINGS_OPTION = "--cutover-config"


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config, args: list[str]) -> None:
    """Register the plugin before the first conftest.py, so that its options are known.

    `import_plugin` does nothing where the plugin is registered already or switched off (`-p no:…`).
    The root conftest.py of a checkout calls it too. Raises `pytest.UsageError` where it is switched
    off and a gate is asked for.
    """
    folders = {early_config.rootpath, early_config.invocation_params.dir}
    has_settings = any((folder / SETTINGS_FILE).is_file() for folder in folders)
    if has_settings or any(word.startswith(SETTINGS_OPTION) for word in args):
        early_config.pluginmanager.import_plugin(PLUGIN)
        if not early_config.pluginmanager.hasplugin(PLUGIN):
            _refuse_gate(early_config)


def _refuse_gate(config: pytest.Config) -> None:
    # here, because this module is imported in every project, and this is needed in hardly any
    from cutover_gates.core.gates import split_gates

    if split_gates(getattr(config.known_args_namespace, "markexpr", "") or ""):
        raise pytest.UsageError(
            f"NO-GO: the plugin {PLUGIN} is switched off, so no gate can be judged. Remove"
            f" `-p no:{PLUGIN}` from the command line, PYTEST_ADDOPTS and the settings of pytest."
        )
