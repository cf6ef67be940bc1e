"""The release before as a program: started, awaited, ended; and as an image, with Docker's client
replaced by a program that keeps what it is told.
"""

from __future__ import annotations

import json
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from cutover_gates.config.previous import PreviousRelease
from cutover_gates.targets.previous_release import PreviousReleaseNotReady, run_previous_release

DSN = "host=db.example.org port=6000 user=app password=only-for-tests dbname=copy"
DIGEST = f"sha256:{'a' * 64}"
SERVER = """
import http.server, os, sys
from pathlib import Path

class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/ready" else 404)
        self.end_headers()
        self.wfile.write(os.environ.get("SEEN", "").encode())

http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Answer).serve_forever()
"""
DOCKER = """#!{python}
import json, os, sys
from pathlib import Path
with Path({told!r}).open("a") as file:
    file.write(json.dumps([sys.argv[1:], os.environ.get("PORT", "")]) + chr(10))
if sys.argv[1] == "run":
    os.execv({python!r}, [{python!r}, "-c", {server!r}, os.environ["PORT"]])
"""


def describe(server: str = SERVER, **changed: Any) -> PreviousRelease:
    """The settings of a program that is written here. A brace in it is doubled."""
    program = server.replace("{", "{{").replace("}", "}}")
    table = {"command": [sys.executable, "-c", program, "{port}"], "ready_path": "/ready"}
    return PreviousRelease.model_validate({**table, **changed})


def test_it_gets_the_way_to_the_copy_and_ends_with_the_block(tmp_path: Path) -> None:
    """By its environment: a command line can be read by everybody."""
    settings = describe(environment={"SEEN": "{user}@{host}:{database_port}/{name} {password}"})
    with run_previous_release(settings, DSN, tmp_path, tmp_path / "log") as running:
        with urllib.request.urlopen(f"{running.url}/ready") as answer:
            assert answer.read() == b"app@db.example.org:6000/copy only-for-tests"
        assert running.describe_end() == ""
    assert running.process.poll() is not None


@pytest.mark.parametrize(
    ("server", "changed", "told"),
    [
        ("import sys; sys.exit('Validate failed')", {}, r"ended .* status 1\. It printed: Valid"),
        (SERVER, {"ready_path": "/other", "start_seconds": 2}, r"not ready within 2 s.*HTTP 404"),
        ("", {"command": ["/no/such/program"]}, "cannot be started"),
    ],
)
def test_one_that_is_not_ready_says_why(
    server: str, changed: dict[str, Any], told: str, tmp_path: Path
) -> None:
    with (
        pytest.raises(PreviousReleaseNotReady, match=told),
        run_previous_release(describe(server, **changed), DSN, tmp_path, tmp_path / "log"),
    ):
        pass


def test_an_image_is_run_by_its_digest_and_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No value of a variable is on the command line of the client."""
    told, client = tmp_path / "told", tmp_path / "docker"
    client.write_text(DOCKER.format(python=sys.executable, told=str(told), server=SERVER))
    client.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    environment = {"PORT": "{port}", "URL": "{dsn}"}
    settings = describe(
        command=[], image="registry/hospital:1.9", digest=DIGEST, environment=environment
    )
    with run_previous_release(settings, DSN, tmp_path, tmp_path / "log"):
        pass
    (run, port), (remove, _port) = map(json.loads, told.read_text().splitlines())
    assert run[:4] == ["run", "--rm", "--network", "host"]
    assert run[-1] == f"registry/hospital@{DIGEST}"
    assert "only-for-tests" not in " ".join(run)
    assert port not in run
    assert remove == ["rm", "--force", run[run.index("--name") + 1]]
