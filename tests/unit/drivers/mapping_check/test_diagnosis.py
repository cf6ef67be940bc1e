"""The mapping check names the line of a key, and shows no data of other people."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from cutover_gates.core.evidence.ledger import Ledger
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.drivers.ledger_driver import LedgerDriver
from cutover_gates.drivers.mapping_check.check_context import CheckContext
from cutover_gates.drivers.mapping_check.last_exchange import LastExchange
from cutover_gates.drivers.mapping_check.source_locations import SourceLocations
from cutover_gates.drivers.mapping_check.step_results import format_own_value
from cutover_gates.drivers.mapping_check.toml_positions import find_line, index_lines
from cutover_gates.drivers.rest.mapping import default_table
from cutover_gates.hospital.synthetic import FileFactory, PatientFactory

ROOT = Path(__file__).resolve().parents[4]
DIALECT = ROOT / "src/cutover_gates/drivers/default_dialect.toml"
ODD = '''
[[a.setup]]  # a comment with a ] in it
path = "x # y"
capture = { location = "items[0].id", "b.c" = 'c}' }
[[a.setup]]
path = """a
[not.a.header]
b = 1"""
[a.setup.capture]
q = [1,
  { r = 2 }, # two
]
[a."x-y"]
z.y = 1979-05-27T07:32:00Z
s = \'\'\'
'\'\'\'
'''


def places(table: Any, path: str = "") -> Iterator[str]:
    """Every key of a table, as the driver writes it."""
    for key, item in (
        table.items()
        if isinstance(table, dict)
        else enumerate(table)
        if isinstance(table, list)
        else ()
    ):
        own = f"{path}[{key}]" if isinstance(table, list) else f"{path}.{key}".lstrip(".")
        yield own
        yield from places(item, own)


@pytest.mark.parametrize(
    "path",
    [DIALECT, ROOT / "cutover.toml", ROOT / "pyproject.toml", ROOT / "plan.toml"],
    ids=lambda path: path.name,
)
def test_every_value_of_a_file_has_a_line(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    lines = index_lines(text)
    written = [key for key in places(tomllib.loads(text)) if key in lines]
    assert len(written) > len(text.splitlines()) / 8
    for key in written:
        last = (
            key.rpartition("]")[0].rpartition("[")[0]
            if key.endswith("]")
            else key.rpartition(".")[2]
        )
        assert last.rpartition(".")[2] in text.splitlines()[lines[key] - 1] or key.endswith("]")


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("a.setup[0]", 2),
        ("a.setup[0].path", 3),
        ("a.setup[0].capture.location", 4),
        ("a.setup[1].path", 6),
        ("a.setup[1].capture.q", 10),
        ("a.setup[1].capture.q[1].r", 11),
        ("a.x-y.z.y", 14),
        ("a.x-y.s", 15),
    ],
)
def test_odd_spellings_are_found(key: str, line: int) -> None:
    assert index_lines(ODD)[key] == line


def test_of_a_key_that_is_not_there_the_nearest_table_above_is_named() -> None:
    lines = index_lines("[operations.register]\nmethod = 'POST'\n")
    assert find_line(lines, "operations.register.json.mrn") == ("operations.register", 1)
    assert find_line(lines, "answers.patient") is None


def test_what_was_not_written_is_found_in_the_dialect_that_it_extends() -> None:
    settings = (
        "cutover.toml",
        index_lines("[targets.mine]\nurl = 'x'\n[targets.mine.rest]\nextends = 'default'\n"),
    )
    found = SourceLocations(
        settings,
        settings,
        (DIALECT.name, index_lines(DIALECT.read_text(encoding="utf-8"))),
        "targets.mine.rest.",
        "targets.mine.",
    )
    assert found.locate("operations.register.expect").startswith("default_dialect.toml, line ")
    assert found.locate("operations.register.expect").endswith(
        "operations.register.expect (write it in cutover.toml)"
    )
    assert found.locate("url") == "cutover.toml, line 2: targets.mine.url"
    assert (
        found.locate("becomes.sex")
        == "cutover.toml: targets.mine.rest.becomes.sex (it is not there yet)"
    )
    assert default_table()  # the dialect is the one that is read


# ── nobody's data ──


class Nobody:
    """Stands where nothing is asked."""


def seen(status: int, body: bytes, media_type: str = "application/json") -> LastExchange:
    one = LastExchange(Redactor(), own_texts={"cut-1", "Okafor-1"})
    one(
        httpx.Request("GET", "http://a.example/patients"),
        httpx.Response(status, content=body, headers={"content-type": media_type}),
    )
    return one


def test_of_an_answer_only_its_shape_is_told() -> None:
    """Values stand there only where this run made them up."""
    rows = [{"mrn": "cut-1", "name": "Okafor-1"}, {"mrn": "H-77", "name": "Real Person"}]
    body = {"rows": rows, "token": "s3cret-enough", "count": 2, "next": None}
    assert (
        seen(200, json.dumps(body).encode()).describe_answer()
        == "HTTP 200, application/json: {rows: [{mrn: 'cut-1', name: 'Okafor-1'}, …], token:"
        " ‹text›, count: ‹number›, next: null}"
    )
    assert (
        "Real Person" not in seen(200, json.dumps({"rows": rows[::-1]}).encode()).describe_answer()
    )


def test_a_value_that_came_back_otherwise_is_told_only_where_it_is_ours(tmp_path: Path) -> None:
    """Upper case, or another order of a date, can be told; a stranger's name cannot."""
    hospital = LedgerDriver(
        Nobody(),  # type: ignore[arg-type]  # never asked
        Ledger(tmp_path / "ledger.jsonl", "run-1", "mine"),
        production=False,
    )
    way = CheckContext(
        hospital, PatientFactory("run-1"), FileFactory("run-1"), "1", ("text/plain",)
    )
    assert format_own_value(way, way.draft().family_name.upper()) == repr(
        way.draft().family_name.upper()
    )
    assert format_own_value(way, "04.03.1987") == "'04.03.1987'"
    assert format_own_value(way, None) == "None"
    assert format_own_value(way, "Person") == "another value (6 characters)"


def test_what_says_no_may_say_why() -> None:
    body = {
        "type": "/problems/invalid",
        "errors": [{"field": "sex"}],
        "patient": {"name": "Real Person"},
    }
    came = seen(422, json.dumps(body).encode()).describe_answer()
    assert "'/problems/invalid'" in came
    assert "field: 'sex'" in came
    assert "Real Person" not in came


@pytest.mark.parametrize(
    ("status", "body", "media_type", "told"),
    [
        (
            200,
            b"<html><title>Log in &amp; go</title><p>Real Person</p>",
            "text/html",
            "a page called “Log in & go”",
        ),
        (502, b"<h1>Bad gateway</h1>", "text/html", "a page called “Bad gateway”"),
        (200, b"Real Person", "text/plain", "11 bytes"),
        (
            200,
            b"\xef\xbb\xbfnothing",
            "application/json",
            "10 bytes that begin with a byte order mark",
        ),
    ],
)
def test_what_is_no_json_is_told_by_its_title_or_its_size(
    status: int, body: bytes, media_type: str, told: str
) -> None:
    assert (
        seen(status, body, media_type).describe_answer() == f"HTTP {status}, {media_type}: {told}"
    )


# ── as it is called ──


def test_it_is_called_by_its_option(tmp_path: Path) -> None:
    """A real pytest: nothing is collected, no folder of a run is made, and what needs the network
    says so in one sentence.
    """
    config = tmp_path / "cutover.toml"
    config.write_text(
        '[targets.mine]\nurl = "http://127.0.0.1:1"\nrelease = "1"\n', encoding="utf-8"
    )
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("CUTOVER_", "PYTEST_"))
    }
    told = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "--target",
            "mine",
            "--check-mapping",
            f"--cutover-config={config}",
        ],
        cwd=ROOT,
        env={**environment, "PYTHONPATH": f"{ROOT}/src:{ROOT}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 1, told.stderr
    location = "cutover.toml, line 2: targets.mine.url: "
    assert f"STOP         is it alive: {location}no answer: ConnectError" in told.stdout
    last = told.stdout.splitlines()[-1]
    assert last.startswith("0 of 68 steps passed, 1 failed, 67 did not run.")
    assert location in last
    assert "collected" not in told.stdout
    assert not (tmp_path / "reports/runs").exists()
