"""The settings of the demonstration: those that this package ships, for the embedded hospital.

They apply in a folder that has no `cutover.toml`. What they name is read from the package, and what
a run writes stands in the folder.
"""

from __future__ import annotations

from pathlib import Path

from cutover_gates.config.loader import FILE_NAME, load_settings
from cutover_gates.config.settings import Settings
from cutover_gates.util.shipped_files import shipped_file, shipped_root

OWN_FILES = ("plan", "waivers", "signoffs")
"""Settings whose file is taken from the folder where it stands there."""


def load_demonstration(project: Path, *, production: bool = False, **words: str | None) -> Settings:
    """Return the shipped settings, with the reports of the run in the folder `project`.

    `words` are values of the command line, as `load_settings` takes them. Raises `SettingsError`.
    """
    shipped = load_settings(shipped_file(FILE_NAME), shipped_root(), production=production, **words)
    own = {"reports": project / shipped.reports}
    for name in OWN_FILES:
        path = project / getattr(shipped, name)
        if path.is_file():
            own[name] = path
    return shipped.model_copy(update=own)
