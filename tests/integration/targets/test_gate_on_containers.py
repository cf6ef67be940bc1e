"""A whole gate on a target in containers: a foreign hospital's image, built on this machine.

Needs a Docker engine. The hospital is the dialect `ward` of `tests/dialects`.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from tests.dialects import running
from tests.faults import gate_runs
from tests.faults.results import Verdict
from tests.integration.database.scratch import postgres_image
from tests.integration.targets.backend_image import build_python_image
from tests.integration.targets.test_containers import _ours

DIALECT = "ward"
SERVED = f"""
import asyncio, json, os, socket
from tests.dialects.serve import _serve, apps_of, kind_of
passwords = json.loads(os.environ["PASSWORDS"])
hospital = kind_of("{DIALECT}", os.environ.get("FAULT") or None)(["http://0.0.0.0:8000"], passwords)
asyncio.run(_serve(apps_of("{DIALECT}", hospital), [socket.create_server(("0.0.0.0", 8000))]))
"""
CONTAINER = """
[targets.tried.container]
image = "{image}"
postgres = "{postgres}"
port = 8000
ready_path = "/alive"
environment = {{ PASSWORDS = '{passwords}', FAULT = "{fault}" }}
"""

pytestmark = pytest.mark.thorough


def _distributions(*names: str) -> Iterator[metadata.Distribution]:
    """Yield the packages that these need, and these, each once."""
    seen: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop().lower()
        if name in seen:
            continue
        seen.add(name)
        distribution = metadata.distribution(name)
        yield distribution
        needed = [Requirement(one) for one in distribution.requires or []]
        waiting += [
            one.name for one in needed if not one.marker or one.marker.evaluate({"extra": ""})
        ]


def _installed(*names: str) -> dict[str, Path]:
    """Return the files of packages and of what they need, by their paths in site-packages."""
    return {
        str(file): Path(str(file.locate()))
        for distribution in _distributions(*names)
        for file in distribution.files or []
        if ".." not in file.parts and "__pycache__" not in file.parts
    }


@pytest.fixture(scope="module")
def image(engine: Any) -> str:
    """Build the image of the dialect."""
    ours = {
        f"tests/dialects/{path.relative_to(running.HERE)}": path
        for path in [
            *(running.HERE / DIALECT).glob("*.py"),
            running.HERE / "serve.py",
            running.HERE / "seeded_fault.py",
        ]
    }
    packages = _installed("fastapi", "uvicorn", "python-multipart")
    return build_python_image(engine, "cutover-ward", SERVED, {**packages, **ours})


def _judge(image: str, folder: Path, fault: str = "") -> Verdict:
    """Return the verdict of the whole gate on the hospital in a container."""
    passwords = {name: secrets.token_urlsafe(12) for name in running.usernames_of(DIALECT).values()}
    container = CONTAINER.format(
        image=image,
        postgres=f"{postgres_image.NAME}:{postgres_image.TAG}",
        passwords=json.dumps(passwords).replace("{", "{{").replace("}", "}}"),
        fault=fault,
    )
    written = (running.HERE / DIALECT / "cutover.toml").read_text(encoding="utf-8")
    settings = folder / "cutover.toml"
    settings.write_text(
        written.replace('url = "http://ward.invalid"', 'kind = "containers"') + container,
        encoding="utf-8",
    )
    by_account = running.OpenHospital(
        DIALECT,
        "",
        {name: passwords[user] for name, user in running.usernames_of(DIALECT).items()},
    )
    environment = running.gate_environment(by_account)
    del environment["CUTOVER_TARGETS__TRIED__URL"]
    return gate_runs.run_gate(
        running.GATE, settings, environment, folder / "compiled", *gate_runs.PLAIN, seconds=180
    )


def test_a_foreign_image_is_judged_by_its_settings_alone(
    engine: Any, image: str, tmp_path: Path
) -> None:
    """Only what stands for a running place is different from the same hospital at an address."""
    verdict = _judge(image, tmp_path)
    assert verdict.word == "GO", verdict.output
    assert not _ours(engine)


def test_a_fault_in_the_image_is_caught(engine: Any, image: str, tmp_path: Path) -> None:
    verdict = _judge(image, tmp_path, fault="AnyPasswordOpens")
    assert verdict.word == "NO-GO", verdict.output
    assert verdict.outcome("authentication-flow") == "failed"
    assert not _ours(engine)
