"""A certificate authority that cannot be used is a mistake of the settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from cutover_gates.config.base import SettingsError
from cutover_gates.util.http_services import create_tls_context


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_an_authority_that_cannot_be_used_is_told(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "given.pem"
    if content:
        file.write_text(content, encoding="utf-8")
    with pytest.raises(
        SettingsError,
        match=r"^\[targets\.x\.infrastructure\.registry\] ca_file = .* cannot be used: ",
    ):
        create_tls_context(file, "[targets.x.infrastructure.registry] ca_file")


def test_without_one_the_worlds_are_trusted() -> None:
    assert create_tls_context(None, "[anywhere] ca_file") is None
