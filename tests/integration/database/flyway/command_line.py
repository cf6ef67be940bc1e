"""Runs the real Flyway on a database.

The password goes by environment, never on a command line that everybody on the machine can read.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from psycopg.conninfo import conninfo_to_dict


def flyway(program: Path, dsn: str, folder: Path, *arguments: str) -> dict[str, Any]:
    """What a command answers, such as `info` with its `migrations`, or `migrate`; a refusal has
    `error`.
    """
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("FLYWAY_")},
        **_connection_options(dsn),
    }
    done = subprocess.run(
        [program, *arguments, "-outputType=json", f"-locations=filesystem:{folder}"],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    answer = json.loads(done.stdout[done.stdout.index("{") :])
    assert isinstance(answer, dict)
    return answer


def _connection_options(dsn: str) -> dict[str, str]:
    parts = conninfo_to_dict(dsn)
    return {
        "FLYWAY_URL": f"jdbc:postgresql://{parts['host']}:{parts['port']}/{parts['dbname']}",
        "FLYWAY_USER": str(parts["user"]),
        "FLYWAY_PASSWORD": str(parts["password"]),
    }
