"""Other load generators for comparison, each in a process of its own: bare locust, wrk, hey, k6."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.figures import ROOT
from benchmarks.load_server import TOKEN

USERS = 10
K6 = """
import http from 'k6/http';
const users = Number(__ENV.USERS);
const load = {
  executor: 'constant-arrival-rate', rate: Number(__ENV.RATE), timeUnit: '1s',
  duration: `${__ENV.SECONDS}s`, preAllocatedVUs: users, maxVUs: users,
};
export const options = {
  summaryTrendStats: ['med', 'p(95)', 'p(99)', 'max'], scenarios: { load },
};
const headers = { Authorization: `Bearer ${__ENV.TOKEN}` };
export default () => http.get(`${__ENV.URL}/api/v1/patients/1`, { headers });
"""


def is_installed(name: str) -> bool:
    """Return whether the tool is on the PATH."""
    return shutil.which(name) is not None


def locust(
    url: str,
    seconds: float,
    rate: float,
    *,
    users: int = USERS,
    log: Path | None = None,
    raw: bool = False,
    random: bool = False,
) -> dict[str, Any]:
    """Run bare locust, and return its own figures in seconds.

    `rate` is that of all users together, 0 for no pause. With `random` the waits are random; the
    time of the answers is added to them, so the rate is a little lower.
    """
    settings = {"LOAD_RATE": str(rate / users)} | ({"LOAD_LOG": str(log)} if log else {})
    settings |= {
        name: "yes" for name, wanted in (("LOAD_RAW", raw), ("LOAD_RANDOM", random)) if wanted
    }
    words = [
        "-m",
        "locust",
        "-f",
        str(ROOT / "benchmarks" / "load_bare.py"),
        "--headless",
        "--users",
        str(users),
        "--spawn-rate",
        "1000",
        "--run-time",
        f"{seconds:g}s",
        "--host",
        url,
        "--only-summary",
        "--loglevel",
        "WARNING",
    ]
    complaints = _run([sys.executable, *words], settings).stderr
    return dict(
        json.loads(next(line for line in reversed(complaints.splitlines()) if line.startswith("{")))
    )


def closed(url: str) -> list[float]:
    """Return the CPU of single requests, ours over bare locust's, for each turn (`load_turns`)."""
    return list(json.loads(_run([sys.executable, "-m", "benchmarks.load_turns", url]).stdout))


def wrk(url: str, seconds: float) -> None:
    """Run wrk without a rate: it has no setting for one."""
    _run(
        [
            "wrk",
            "-t1",
            f"-c{USERS}",
            f"-d{seconds:g}s",
            "-H",
            f"Authorization: Bearer {TOKEN}",
            f"{url}/api/v1/patients/1",
        ]
    )


def hey(url: str, seconds: float, rate: float) -> None:
    """Run hey on `url` for some seconds. A rate of 0 is as fast as it can."""
    pace = ["-q", f"{rate / USERS:g}"] if rate else []
    _run(
        [
            "hey",
            "-z",
            f"{seconds:g}s",
            "-c",
            str(USERS),
            *pace,
            "-H",
            f"Authorization: Bearer {TOKEN}",
            f"{url}/api/v1/patients/1",
        ]
    )


def k6(url: str, seconds: float, rate: float, folder: Path, users: int = 50) -> dict[str, float]:
    """Run k6 with a constant arrival rate.

    Return its own p50, p95 and p99 in seconds, and the number of requests that it did not send.
    """
    (folder / "k6.js").write_text(K6, encoding="utf-8")
    settings = {
        "RATE": f"{rate:g}",
        "SECONDS": f"{seconds:g}",
        "USERS": str(users),
        "URL": url,
        "TOKEN": TOKEN,
        "K6_NO_USAGE_REPORT": "true",
    }
    _run(
        [
            "k6",
            "run",
            "--quiet",
            "--summary-export",
            str(folder / "k6.json"),
            str(folder / "k6.js"),
        ],
        settings,
    )
    metrics = json.loads((folder / "k6.json").read_text(encoding="utf-8"))["metrics"]
    times = metrics["http_req_duration"]
    return {
        "p50": times["med"] / 1000,
        "p95": times["p(95)"] / 1000,
        "p99": times["p(99)"] / 1000,
        "dropped": metrics.get("dropped_iterations", {}).get("count", 0.0),
    }


def _run(
    words: list[str], settings: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    paths = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    done = subprocess.run(
        words,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": paths, **(settings or {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    if done.returncode:
        raise SystemExit(
            f"benchmarks: {words[0]} ended with {done.returncode}: {done.stderr[-1000:]}"
        )
    return done
