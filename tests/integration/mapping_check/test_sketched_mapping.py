"""`pytest --sketch-mapping`: a first mapping that is edited a little passes the check.

It reads one document, sends nothing that could write, and never writes over a file.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest

from cutover_gates.plugin.mapping_sketch import sketch_mapping
from tests.dialects import running
from tests.faults.hospitals import Hospital
from tests.integration.mapping_check.check_run import ROOT, _Options, check_mapping_of
from tests.integration.mapping_check.mapping_mistakes import USERS

DJANGO = (ROOT / "tests/unit/drivers/mapping_sketch/django_rest.yaml").read_bytes()


def config(folder: Path, target: str = "mine", **options: str) -> Any:
    """As much of pytest's configuration as the action needs."""
    given = {"cutover_config": folder / "cutover.toml", "target": target, "markexpr": ""}
    return SimpleNamespace(
        option=_Options(**{**given, "sketch_mapping": ".", **options}),
        rootpath=ROOT,
        invocation_params=SimpleNamespace(dir=folder),
    )


def write_settings(folder: Path, url: str, *more: str) -> None:
    lines = ["[targets.mine]", f'url = "{url}"', 'release = "2.0.0"', *more]
    (folder / "cutover.toml").write_text("\n".join(lines), encoding="utf-8")


@contextmanager
def served(path: str, content: bytes) -> Iterator[tuple[str, list[str]]]:
    """A server with one document; it keeps what it was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def handle_one(self) -> None:
            asked.append(f"{self.command} {self.path}")
            found = self.path == path
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", "application/vnd.oai.openapi")
            self.send_header("Content-Length", str(len(content) if found else 0))
            self.end_headers()
            self.wfile.write(content if found else b"")

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = handle_one

        def log_message(self, *_arguments: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        server.server_close()


def test_the_sketch_of_the_reference_passes_the_check_after_one_edit(
    open_hospital: Hospital, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The one thing that no document says: why a visit is not removed."""
    write_settings(folder, open_hospital.url)
    assert sketch_mapping(config(folder)) == 0
    assert "retire_visit" in capsys.readouterr().out
    sketch = folder / "mine.mapping.toml"
    text = sketch.read_text(encoding="utf-8")
    edited = text.replace('# retire_visit = "why"', 'retire_visit = "it goes with its patient"')
    sketch.write_text(edited, encoding="utf-8")
    users = "\n".join(
        f"[targets.mine.users.{role}]\nusername = {role!r}\npassword_file = {role!r}"
        for role in USERS
    )
    write_settings(folder, open_hospital.url, 'mapping = "mine.mapping.toml"', users)
    told = check_mapping_of(folder / "cutover.toml", capsys)
    assert (told.status, told.diagnoses) == (0, []), told.text


def test_nothing_is_written_over_and_nothing_is_asked_then(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.mapping.toml").write_text("# mine", encoding="utf-8")
    with served("/openapi.json", DJANGO) as (url, asked):
        write_settings(tmp_path, url)
        with pytest.raises(pytest.UsageError, match="exists already"):
            sketch_mapping(config(tmp_path))
        assert not asked
        assert sketch_mapping(config(tmp_path, sketch_mapping="other.toml")) == 0
    assert (tmp_path / "mine.mapping.toml").read_text(encoding="utf-8") == "# mine"
    assert (tmp_path / "other.toml").is_file()


def test_only_the_document_is_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where generators serve it, in YAML too; the sketch says where it was."""
    with served("/api/schema/", DJANGO) as (url, asked):
        write_settings(tmp_path, url, "production = true")
        assert sketch_mapping(config(tmp_path)) == 0
    assert asked[-1] == "GET /api/schema/"
    assert {request.partition(" ")[0] for request in asked} == {"GET"}
    text = (tmp_path / "mine.mapping.toml").read_text(encoding="utf-8")
    assert 'url = "{{ base_url }}/api/schema/"' in text


def test_a_target_without_a_document_says_where_it_was_looked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with served("/nowhere", b"") as (url, _):
        write_settings(tmp_path, url)
        assert sketch_mapping(config(tmp_path)) == 1
    told = capsys.readouterr().out
    assert "/openapi.json (404)" in told
    assert "--sketch-mapping openapi.yaml" in told
    assert not (tmp_path / "mine.mapping.toml").exists()


def test_a_silent_target_is_told_in_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_settings(tmp_path, "http://127.0.0.1:1")
    assert sketch_mapping(config(tmp_path)) == 1
    told = capsys.readouterr().out
    assert told.startswith("no mapping was sketched: http://127.0.0.1:1 gives no answer")
    assert "Traceback" not in told


@pytest.mark.parametrize(
    ("options", "more", "says"),
    [
        ({"sketch_mapping": "nowhere.yaml"}, "", "nowhere.yaml cannot be read: No such file"),
        ({"sketch_mapping": "here.json"}, "", "neither JSON nor YAML|no OpenAPI 3 document"),
        ({"sketch_mapping": "a/b.toml"}, "", "does not exist"),
        ({"sketch_mapping": "smoke"}, "", r"name the OpenAPI document \(.json, .yaml\)"),
        ({}, 'driver = "fhir"', "sketches a REST mapping, and the driver of 'mine' is 'fhir'"),
        ({"markexpr": "phase3"}, "", "--sketch-mapping runs no gate: leave -m phase3 out"),
        ({}, "[targets.mine.contract]\ndocument = 'gone.json'", "gone.json cannot be read"),
    ],
)
def test_a_wrong_call_is_one_sentence(
    options: dict[str, str], more: str, says: str, tmp_path: Path
) -> None:
    (tmp_path / "here.json").write_text("<html>", encoding="utf-8")
    write_settings(tmp_path, "http://127.0.0.1:1", more)
    with pytest.raises(pytest.UsageError, match=says) as raised:
        sketch_mapping(config(tmp_path, **options))
    assert "\n" not in str(raised.value)


def test_a_target_that_serves_its_document_elsewhere_is_asked_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ward's mapping says where; its sketch has the ward's parameters."""
    with running.hospital("ward") as opened:
        for name, value in running.gate_environment(opened).items():
            monkeypatch.setenv(name, value)
        running.settings(opened, tmp_path)
        assert sketch_mapping(config(tmp_path, target="tried")) == 0
    text = (tmp_path / "tried.mapping.toml").read_text(encoding="utf-8")
    assert 'url = "{{ base_url }}/api/document.json"' in text
    assert 'person = "patient.id"' in text


def test_it_is_called_by_its_option(tmp_path: Path) -> None:
    """In a real process of pytest: no check runs, no record of a gate is left."""
    (tmp_path / "care.yaml").write_bytes(DJANGO)
    document = f"[targets.mine.contract]\ndocument = {str(tmp_path / 'care.yaml')!r}"
    write_settings(tmp_path, "http://127.0.0.1:1", document)
    sketch = tmp_path / "care.toml"
    called = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "--target", "mine"),
            *(f"--cutover-config={tmp_path / 'cutover.toml'}", "--sketch-mapping", str(sketch)),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert called.returncode == 0, called.stdout + called.stderr
    assert re.search(r"wrote \S+care.toml: a first mapping of Care 24.5.0", called.stdout)
    assert not (tmp_path / "reports").exists()
    assert json.dumps("/api/v1/patient/") in sketch.read_text(encoding="utf-8")
