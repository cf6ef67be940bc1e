"""The real Flyway is the one that is pinned, or it is not there, with the reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.database.flyway import download


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and a repository of jars that are others than those that are pinned."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("CUTOVER_MAVEN", (tmp_path / "maven").as_uri())
    monkeypatch.setattr("shutil.which", lambda _name: "java")
    for path in download.JARS:
        (tmp_path / "maven" / path).parent.mkdir(parents=True)
        (tmp_path / "maven" / path).write_bytes(b"another jar")
    return tmp_path


def test_another_jar_is_refused(elsewhere: Path) -> None:
    with pytest.raises(download.Unavailable, match=r"is not the one that is pinned \(SHA-256\)"):
        download.executable()
    assert not list(elsewhere.rglob("cache/**/*.jar"))


def test_a_jar_that_cannot_be_had_is_named(elsewhere: Path) -> None:
    for jar in (elsewhere / "maven").rglob("*.jar"):
        jar.unlink()
    with pytest.raises(
        download.Unavailable, match=r"^Flyway's flyway-commandline-.* cannot be downloaded"
    ):
        download.executable()


def test_without_java_there_is_no_flyway(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _name: None)
    with pytest.raises(download.Unavailable, match="needs Java"):
        download.executable()


def test_what_is_fetched_once_is_not_fetched_again(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = b"another jar"
    monkeypatch.setattr(download, "JARS", dict.fromkeys(download.JARS, download._sha256(content)))
    program = download.executable()
    assert program.stat().st_mode & 0o111
    for jar in (elsewhere / "maven").rglob("*.jar"):
        jar.unlink()
    assert download.executable() == program
