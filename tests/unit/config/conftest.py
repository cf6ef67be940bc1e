"""The fixture that loads settings from a text and an environment of the test's own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cutover_gates.config.loader import load_settings
from cutover_gates.config.settings import Settings
from tests.unit.config.settings_files import Load


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Load the settings of a folder with this file, in an environment with these variables only."""

    def load(
        toml: str = "",
        environment: dict[str, str] | None = None,
        *,
        production: bool = False,
        **command_line: str | None,
    ) -> Settings:
        for name in [name for name in os.environ if name.upper().startswith("CUTOVER_")]:
            monkeypatch.delenv(name)
        for name, value in (environment or {}).items():
            monkeypatch.setenv(name, value)
        (tmp_path / "cutover.toml").write_text(toml, encoding="utf-8")
        return load_settings(None, tmp_path, production=production, **command_line)

    return load
