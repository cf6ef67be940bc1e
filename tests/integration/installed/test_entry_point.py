"""The plugin is found by its entry point or by the root conftest.py, and it stays out of the way."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from tests.integration.installed.installation import (
    ROOT,
    SECONDS,
    Installation,
    clean_environment,
    node_ids,
)

HOOKS = "cutover_gates.plugin.hooks"
FOREIGN_TEST = f"""
import sys

def test_the_plugin_was_not_imported(pytestconfig):
    ours = {{name for name in sys.modules if name.startswith("cutover_gates")}}
    assert ours == {{"cutover_gates", "cutover_gates.plugin", "cutover_gates.plugin.entry_point"}}
    assert not pytestconfig.pluginmanager.hasplugin("{HOOKS}")
"""
COLLECT = ("--collect-only", "-q", "-m", "phase3", "-p", "no:cacheprovider")


def test_a_project_without_settings_notices_nothing(
    installation: Installation, tmp_path: Path
) -> None:
    """No module of the plugin is imported, and no option or marker is added."""
    (tmp_path / "test_foreign.py").write_text(FOREIGN_TEST, encoding="utf-8")
    own = 'def pytest_addoption(parser):\n    parser.addoption("--target")\n'
    (tmp_path / "conftest.py").write_text(own, encoding="utf-8")
    run = installation.pytest(tmp_path, "--strict-markers", "-q", "--target=x86")
    assert run.returncode == 0, run.stdout + run.stderr
    assert "plan(*ids)" not in installation.pytest(tmp_path, "--markers").stdout


def test_a_project_with_settings_has_the_plugin(installation: Installation, tmp_path: Path) -> None:
    """Plain pytest then judges, with the shipped checks."""
    for name in ("cutover.toml", "plan.toml"):
        shutil.copy(ROOT / name, tmp_path)
    assert node_ids(installation.pytest(tmp_path, *COLLECT))


def test_entry_point_and_conftest_register_it_once(
    installation: Installation, tmp_path: Path
) -> None:
    """An editable installation has both."""
    for name in ("cutover.toml", "plan.toml", "conftest.py"):
        shutil.copy(ROOT / name, tmp_path)
    run = installation.pytest(tmp_path, "--trace-config", *COLLECT)
    registered = [line for line in run.stdout.splitlines() if f"<module '{HOOKS}'" in line]
    assert len(registered) == 1, run.stdout + run.stderr
    assert node_ids(run)


def test_a_checkout_works_without_plugin_autoload() -> None:
    """Then the root conftest.py alone registers the plugin, and the plugin that of the time-outs."""
    environment = clean_environment(
        PYTHONPATH=str(ROOT / "src"), PYTEST_DISABLE_PLUGIN_AUTOLOAD="1"
    )
    run = subprocess.run(
        [sys.executable, "-m", "pytest", *COLLECT],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    assert node_ids(run), run.stdout + run.stderr
    assert "NOT JUDGED: nothing was judged" in run.stderr
