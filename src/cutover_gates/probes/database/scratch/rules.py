"""Rules for what a trial on a scratch server needs."""

from __future__ import annotations

from cutover_gates.core.findings import Rule

SCRATCH_SERVER = Rule(
    "BACKUP-101",
    "A scratch server of the target's PostgreSQL version is available",
    "Without one no backup can be restored and no script can be tried.",
    "Install that version of PostgreSQL here, or set [targets.NAME.migrations.scratch] to kind ="
    ' "server" (with a dsn) or "container".',
)
CLIENT_PROGRAM = Rule(
    "BACKUP-102",
    "PostgreSQL's client programs are installed",
    "Without them no backup can be read or restored.",
    "Install the package postgresql-client of the target's major version or higher.",
)
CONTAINER_ENGINE = Rule(
    "BACKUP-103",
    "A container engine answers and starts the image",
    "Without it no scratch server can run in a container.",
    "Start Docker (DOCKER_HOST, or /var/run/docker.sock) and make the image available, or use"
    " another kind of [targets.NAME.migrations.scratch].",
)
