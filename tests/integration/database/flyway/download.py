"""Fetches the real Flyway, to hold our reading of its history against its own.

python -m tests.integration.database.flyway.download # prints where the executable
`flyway` is; downloads 5 MB the first time

It is put together in the user's cache directory from the pinned jars of Maven Central that
PostgreSQL and JSON need. The archive of Flyway with everything in it is 200 MB of other databases'
drivers. `CUTOVER_MAVEN` names another repository to take the jars from. Only the standard library
is needed, so that it can run before anything is installed. 12.5.0 is the newest whose command line
is published with all its parts: later ones need `flyway-command-mcp`, which was not to be had.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import sys
import urllib.error
import urllib.request
from pathlib import Path

VERSION = "12.5.0"
CENTRAL = "https://repo1.maven.org/maven2"
PATIENCE = 60  # seconds for a jar that does not come
JARS = {
    "org/flywaydb/flyway-commandline/12.5.0/flyway-commandline-12.5.0.jar": (
        "860da215e3362a4a5f3fc5cab17c8ecfa2abef9cbff463c24eebb1adaa1b92c7"
    ),
    "org/flywaydb/flyway-core/12.5.0/flyway-core-12.5.0.jar": (
        "4f8de74f29dc8727b68d59f01c5e6f6bfcd7228b757d091fc4a9043005cc88d2"
    ),
    "org/flywaydb/flyway-database-postgresql/12.5.0/flyway-database-postgresql-12.5.0.jar": (
        "ce387c88349381ed6d1c2d358f18b10744112b9390044af6b615cdae776260d5"
    ),
    "com/fasterxml/jackson/core/jackson-annotations/2.21/jackson-annotations-2.21.jar": (
        "53ca085f4a150f703f49e1aabd935bd03b43e1ea3d55d135438292af22cef56b"
    ),
    "tools/jackson/core/jackson-core/3.1.1/jackson-core-3.1.1.jar": (
        "4cd270bee1a1aa34be18da78268f3879355b6ea09154beff496831785b6194c9"
    ),
    "tools/jackson/core/jackson-databind/3.1.1/jackson-databind-3.1.1.jar": (
        "a80302c80cb02803e33d7b3301a0d619146d3191d285e6bbd39fa17d3aa5f24a"
    ),
    "tools/jackson/dataformat/jackson-dataformat-toml/3.1.1/jackson-dataformat-toml-3.1.1.jar": (
        "67f42d8948279aabad2a59974f573151f6bd20a347983c1e408e311074ebafba"
    ),
    "org/postgresql/postgresql/42.7.7/postgresql-42.7.7.jar": (
        "157963d60ae66d607e09466e8c0cdf8087e9cb20d0159899ffca96bca2528460"
    ),
}
STARTER = """#!/bin/sh
# A short-lived program: the first compiler and the simplest collector start it sooner.
exec java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -cp "$(dirname "$0")/../jars/*" org.flywaydb.commandline.Main "$@"
"""


class Unavailable(Exception):
    """Flyway cannot be had here; says why."""


def executable() -> Path:
    """The program `flyway`, fetched where it is not there yet.

    Several processes may ask at once. Raises `Unavailable`.
    """
    if not shutil.which("java"):
        raise Unavailable("Flyway needs Java, and there is no `java` on the PATH")
    home = (
        Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        / "cutover-flyway"
        / VERSION
    )
    jars, program = home / "jars", home / "bin" / "flyway"
    jars.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for path, digest in JARS.items():
            _have(jars / Path(path).name, path, digest)
        program.parent.mkdir(exist_ok=True)
        program.write_text(STARTER, encoding="utf-8")
        program.chmod(0o755)
    return program


def _have(jar: Path, path: str, digest: str) -> None:
    if jar.exists() and _sha256(jar.read_bytes()) == digest:
        return
    repository = os.environ.get("CUTOVER_MAVEN", CENTRAL).rstrip("/")
    try:
        with urllib.request.urlopen(f"{repository}/{path}", timeout=PATIENCE) as answer:
            content = answer.read()
    except (OSError, urllib.error.URLError) as error:
        raise Unavailable(f"Flyway's {jar.name} cannot be downloaded: {error}") from None
    if _sha256(content) != digest:
        raise Unavailable(f"{jar.name} from {repository} is not the one that is pinned (SHA-256)")
    jar.write_bytes(content)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


if __name__ == "__main__":
    try:
        print(executable())
    except Unavailable as reason:
        sys.exit(str(reason))
