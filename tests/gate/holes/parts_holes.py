"""Holes in which a part of the plugin is missing, in the controller, in a worker, or everywhere."""

from __future__ import annotations

from tests.gate.holes.catalogue import Change, Hole, file

DROPS_A_PARAMETER = (
    "-p no:cutover-collection-recorder --deselect"
    " 'smoke/test_patients.py::test_a_patient_is_registered[long]'"
)
UNREGISTERS = """
def {hook}(config):
    if {condition}:
        part = config.pluginmanager.get_plugin("{part}")
        config.pluginmanager.unregister(part)
"""
TAKES_A_HOOK = """
def pytest_configure(config):
    part = config.pluginmanager.get_plugin("cutover-outcome-capture")
    config.hook.pytest_runtest_call._remove_plugin(part)
"""


def switched_off(part: str) -> Hole:
    """Return the hole in which one part is switched off on the command line."""
    holds = f"the part {part} of the plugin is switched off"
    outcome = "not proven" if part in LOSES_PROOF else "passed"
    words = ("-p", f"no:{part}")
    return Hole(f"-p no:{part}", words, outcome=outcome, holds=holds, thorough=part != PARTS[0])


def addopts(words: str) -> Change:
    """Options in the settings of pytest, where nobody looks."""
    return lambda toy: toy.replace(
        "pyproject.toml", "addopts = [", f"addopts = [{', '.join(map(repr, words.split()))}, "
    )


LOSES_PROOF = ("cutover-outcome-capture", "cutover-item-binder", "cutover-report-collector")
PARTS = (
    "cutover-item-binder",
    "cutover-outcome-capture",
    "cutover-collection-recorder",
    "cutover-file-selector",
    "cutover-progress",
    "cutover-report-collector",
    "cutover-worker-reports",
    "cutover-process-reporter",
)

HOLES = (
    *(switched_off(part) for part in PARTS),
    Hole(
        "a part switched off by PYTEST_ADDOPTS, with a parameter",
        environment=(("PYTEST_ADDOPTS", DROPS_A_PARAMETER),),
        outcome="passed",
        holds="the part cutover-collection-recorder of the plugin",
    ),
    Hole(
        "a part switched off by addopts, in workers too",
        ("-n", "2"),
        addopts("-p no:cutover-collection-recorder"),
        thorough=True,
        outcome="passed",
        holds="in worker gw0",
    ),
    Hole(
        "a part that a worker unregisters",
        ("-n", "2"),
        file(
            "smoke/conftest.py",
            UNREGISTERS.format(
                hook="pytest_configure",
                condition="hasattr(config, 'workerinput')",
                part="cutover-file-selector",
            ),
        ),
        outcome="passed",
        holds="in worker gw1",
    ),
    Hole(
        "a single hook of a part that a conftest takes away",
        change=file("smoke/conftest.py", TAKES_A_HOOK),
        outcome="passed",
        thorough=True,
        holds="the part cutover-outcome-capture of the plugin",
    ),
    Hole(
        "plugins not loaded, by the environment",
        ("-p", "xdist"),
        environment=(("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1"),),
        outcome="passed",
        holds="keeps pytest from loading its plugins",
    ),
    Hole(
        "plugins not loaded, by an option",
        ("--disable-plugin-autoload",),
        thorough=True,
        outcome="passed",
        holds="keeps pytest from loading its plugins",
    ),
)
