"""What watches the hospital: a real Prometheus and a real Alertmanager, with the files of
`reference/monitoring/`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from string import Template

from reference.surroundings.part import Part, program

PROMETHEUS = "prometheus"
ALERTMANAGER = "alertmanager"
JOB = "hospital"
ALERTS = {
    "health": "HospitalUnhealthy",
    "error-rate": "HospitalErrors",
    "response-time": "HospitalSlow",
    "database": "HospitalDatabaseLost",
}
"""The plan's rollback triggers, and the alert of each."""
CANARY = "CutoverCanary"
SEES_BOTH = f'count(up{{job="{JOB}"}} == 1) == 2'
"""Finds something as soon as Prometheus has looked at both instances."""
FILES = Path(__file__).parents[1] / "monitoring"


def prometheus(directory: Path, port: int, instances: Sequence[str], alertmanager: str) -> Part:
    """Scrapes `instances` and tells `alertmanager` (both `host:port`). Raises `Missing`."""
    found = program("prometheus", how="on Debian, `apt-get install prometheus`")
    config = _filled(
        directory,
        "prometheus.yml",
        instances=json.dumps(list(instances)),
        rules=json.dumps(str(FILES / "rules.yml")),
        alertmanagers=json.dumps([alertmanager]),
    )
    return Part(
        PROMETHEUS,
        [
            found,
            f"--config.file={config}",
            f"--storage.tsdb.path={directory / 'prometheus'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--storage.tsdb.retention.time=1d",
            "--log.level=error",
            # what fires before it has found Alertmanager would else be told again after a minute
            "--rules.alert.resend-delay=1s",
        ],
    )


def alertmanager(directory: Path, port: int, run: str) -> Part:
    """Sends what fires to `run` (`host:port`), where whoever judges the hospital listens.

    Raises `Missing`.
    """
    found = program(
        "prometheus-alertmanager",
        "alertmanager",
        how="on Debian, `apt-get install prometheus-alertmanager`",
    )
    config = _filled(directory, "alertmanager.yml", run=run)
    return Part(
        ALERTMANAGER,
        [
            found,
            f"--config.file={config}",
            f"--storage.path={directory / 'alertmanager'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--cluster.listen-address=",
            "--log.level=error",  # it is alone, and need not look for others
        ],
    )


def _filled(directory: Path, name: str, **values: str) -> Path:
    """The file of `reference/monitoring/`, with the values in it, as a file of this run."""
    filled = directory / name
    filled.write_text(
        Template((FILES / name).read_text(encoding="utf-8")).substitute(values), encoding="utf-8"
    )
    return filled
