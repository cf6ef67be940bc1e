"""A gate as a user runs it: a `pytest` process against a hospital, and what its verdict says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

from reference.settings import Settings
from tests.calibration import scale_seconds
from tests.faults.hospitals import ROOT, Hospital
from tests.faults.outage import outage_settings
from tests.faults.results import Verdict
from tests.pytest_processes.forked_pytest import PytestProcess, start_pytest, start_python
from tests.shipped_plan import PLAN_VARIABLE

GATE = "phase3 and smoke"
# One process, in the order of the files, without outputs that are not looked at here.
PLAIN = ("-n", "0", "-p", "no:randomly", "-p", "no:cacheprovider", "-p", "no:allure_pytest")

_SETTINGS = """
target = "tried"
[targets.tried]
url = "{url}"
release = "{release}"
limits = {{ release_header = "X-Release" }}
{users}
{outage}
"""
_NO_OUTAGE = """
[targets.tried.capabilities.database-outage]
value = false
reason = "only the faults of readiness take the database away"
by = "Ada Example"
at = 2026-11-20
"""

_WAIVER = """
[[waiver]]
item = "{item}"
target = "tried"
release = "{release}"
by = "Ada Example"
at = {at}
reason = "the function is needed next week only"
expires = {expires}
"""


class NoVerdict(AssertionError):
    """The gate did not end in time, or ended without a verdict."""


def start_functional_gate(
    hospital: Hospital,
    folder: Path,
    *options: str,
    waived: Sequence[str] = (),
    more: str = "",
    outage: bool = False,
) -> subprocess.Popen[str]:
    """Start the gate, with its settings and reports in `folder`; secrets go by the environment.

    `waived` are items for which somebody has written a waiver, `more` further settings. With
    `outage` the gate takes the database away for a while.
    """
    write_waivers(folder, waived)
    return start_gate(
        GATE,
        write_settings(hospital, folder, more, outage=outage),
        secrets_of(hospital),
        Path(hospital.shared) / "compiled",
        *options,
    )


def sweep(hospital: Hospital, folder: Path) -> subprocess.CompletedProcess[str]:
    """`pytest --sweep`, for what gates with their reports in `folder` have left."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--sweep",
        "--target",
        "tried",
        f"--cutover-config={write_settings(hospital, folder)}",
    ]
    environment = {**_plain_environment(Path(hospital.shared) / "compiled"), **secrets_of(hospital)}
    return subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        text=True,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=45,
    )


def write_waivers(folder: Path, items: Sequence[str]) -> None:
    """Write the waivers of these items, for the release and the target of the settings."""
    today = date.today()
    waivers = [
        _WAIVER.format(
            item=item, release=Settings.release, at=today, expires=today + timedelta(days=1)
        )
        for item in items
    ]
    (folder / "waivers.toml").write_text("".join(waivers), encoding="utf-8")


def write_settings(
    hospital: Hospital, folder: Path, more: str = "", *, outage: bool = False
) -> Path:
    """Write the settings file. `more` stands at its end.

    With `outage` there is a command that takes the database away.
    """
    config = folder / "cutover.toml"
    users = "\n".join(
        f'[targets.tried.users.{role}]\nusername = "{role}"' for role in hospital.staff
    )
    text = _SETTINGS.format(
        url=hospital.url,
        release=Settings.release,
        users=users,
        outage=outage_settings(hospital, folder) if outage else _NO_OUTAGE,
    )
    config.write_text(f"{text}\n{more}", encoding="utf-8")
    return config


def run_functional_gate(
    hospital: Hospital,
    folder: Path,
    *options: str,
    seconds: float = 75,
    waived: Sequence[str] = (),
    more: str = "",
    outage: bool = False,
) -> Verdict:
    """The gate's verdict on a hospital. Raises `NoVerdict` where there is none within `seconds`."""
    write_waivers(folder, waived)
    return run_gate(
        GATE,
        write_settings(hospital, folder, more, outage=outage),
        secrets_of(hospital),
        Path(hospital.shared) / "compiled",
        *options,
        seconds=seconds,
    )


def run_gate(
    gate: str, config: Path, told: Mapping[str, str], compiled: Path, *options: str, seconds: float
) -> Verdict:
    """The verdict of any gate with these settings; `told` goes by the environment.

    Raises `NoVerdict`.
    """
    process = start_pytest(
        _words(gate, config, options), ROOT, {**_plain_environment(compiled), **told}
    )
    return wait_for_verdict(process, config.parent, seconds)


def start_gate(
    gate: str, config: Path, told: Mapping[str, str], compiled: Path, *options: str
) -> subprocess.Popen[str]:
    """Start any gate with these settings, to watch or harm it; `told` goes by the environment."""
    return start_python(
        _words(gate, config, options), ROOT, {**_plain_environment(compiled), **told}
    )


def _words(gate: str, config: Path, options: Sequence[str]) -> list[str]:
    return ["-m", gate, f"--cutover-config={config}", *(options or PLAIN)]


def wait_for_verdict(process: PytestProcess, folder: Path, seconds: float) -> Verdict:
    """The verdict in which a gate ends whose reports are in `folder`.

    Raises `NoVerdict`, and ends it, where there is none within `seconds`, scaled to the machine.
    """
    started, seconds = time.monotonic(), scale_seconds(seconds)
    try:
        output, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        raise NoVerdict(
            f"no verdict within {seconds:.0f} s. What it said so far:\n{process.communicate()[0]}"
        ) from None
    return _verdict(folder, process.returncode, time.monotonic() - started, output)


def _verdict(folder: Path, status: int, seconds: float, output: str) -> Verdict:
    written = sorted(folder.glob("reports/runs/2*/verdict.json"))
    if not written:
        raise NoVerdict(f"the gate ended with status {status} and without a verdict:\n{output}")
    found = json.loads(written[-1].read_text(encoding="utf-8"))
    items = {item["id"]: item for item in found["items"]}
    holds = tuple(found["holds"])
    declared = tuple(fact["name"] for fact in found["declared"])
    return Verdict(status, found["verdict"], seconds, items, output, holds=holds, declared=declared)


def secrets_of(hospital: Hospital) -> dict[str, str]:
    """What a gate is told by the environment: passwords and tokens, and the way into the database."""
    passwords = {
        f"CUTOVER_TARGETS__TRIED__USERS__{role.upper()}__PASSWORD": password
        for role, password in hospital.staff.items()
    }
    return {
        **passwords,
        "CUTOVER_TARGETS__TRIED__DATABASE__DSN": hospital.database,
        "CUTOVER_TARGETS__TRIED__EXPIRED_TOKEN": hospital.expired_token,
    }


def _plain_environment(compiled: Path) -> dict[str, str]:
    """Ours, without what would change a gate.

    `compiled`: what one gate has compiled the next need not compile again.
    """
    ours = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("CUTOVER_", "PYTEST_", "GITHUB_", "COV_"))
    }
    return {
        **ours,
        **PLAN_VARIABLE,
        "PYTHONPATH": str(ROOT / "src"),
        "PYTHONPYCACHEPREFIX": str(compiled),
        "PYTHONDONTWRITEBYTECODE": "",
        "COLUMNS": "120",
    }
