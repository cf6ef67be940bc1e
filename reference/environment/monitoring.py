"""A real Prometheus and a real Alertmanager, with the files of `reference/monitoring/`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from string import Template

from reference.environment.part import Part, program

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
BASELINE_SECONDS = 0.1
"""The baseline of response times, as the rules have it."""
CANARY = "CutoverCanary"
BOTH_SCRAPED = f'count(up{{job="{JOB}"}} == 1) == 2'
"""An expression that has a result as soon as Prometheus has scraped both instances."""
FILES = Path(__file__).parents[1] / "monitoring"


def prometheus(directory: Path, port: int, instances: Sequence[str], alertmanager: str) -> Part:
    """Return a Prometheus that scrapes `instances` and alerts `alertmanager` (all `host:port`).

    Raises `Missing`.
    """
    found = program("prometheus", how="on Debian, `apt-get install prometheus`")
    config = _fill_template(
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
            # By default an alert that fires before Alertmanager is up is repeated a minute later.
            "--rules.alert.resend-delay=1s",
        ],
    )


def alertmanager(directory: Path, port: int, run: str) -> Part:
    """Return an Alertmanager that sends alerts to `run` (`host:port`), the receiver of the run.

    Raises `Missing`.
    """
    found = program(
        "prometheus-alertmanager",
        "alertmanager",
        how="on Debian, `apt-get install prometheus-alertmanager`",
    )
    config = _fill_template(directory, "alertmanager.yml", run=run)
    return Part(
        ALERTMANAGER,
        [
            found,
            f"--config.file={config}",
            f"--storage.path={directory / 'alertmanager'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--cluster.listen-address=",  # one Alertmanager needs no cluster
            "--log.level=error",
        ],
    )


def _fill_template(directory: Path, name: str, **values: str) -> Path:
    """Fill a file of `reference/monitoring/` with the values; return it as a file of this run."""
    filled = directory / name
    filled.write_text(
        Template((FILES / name).read_text(encoding="utf-8")).substitute(values), encoding="utf-8"
    )
    return filled
