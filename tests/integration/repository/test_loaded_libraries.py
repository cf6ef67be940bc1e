"""What a gate loads before its checks: no library that costs seconds and a gigabyte of addresses."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("numpy", "scipy", "locust", "schemathesis", "apprise")
LOADED = (
    "import importlib, pkgutil, sys; {imports}; print(*sorted(set({heavy}) & set(sys.modules)))"
)
OF_A_GATE = (
    "import cutover_gates.plugin.hooks, cutover_gates.plugin.session;"
    " import cutover_gates.plugin.fixtures as fixtures;"
    " [importlib.import_module(f'{fixtures.__name__}.{one.name}')"
    " for one in pkgutil.iter_modules(fixtures.__path__)]"
)
OF_THE_COMMAND = "import cutover_gates.cli.main"


@pytest.mark.parametrize(
    ("imports", "heavy"),
    [
        pytest.param(OF_A_GATE, HEAVY, id="gate"),
        # pytest wants to import its plugins itself, and anyio is one.
        pytest.param(OF_THE_COMMAND, (*HEAVY, "anyio"), id="command"),
    ],
)
def test_nothing_heavy_is_loaded_before_it_is_needed(imports: str, heavy: tuple[str, ...]) -> None:
    code = LOADED.format(imports=imports, heavy=heavy)
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert (ran.stdout.strip(), ran.returncode) == ("", 0), ran.stderr
