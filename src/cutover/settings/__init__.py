"""Typed settings: `cutover.toml`, over it the environment (`CUTOVER_…`), over it the command line.

Secrets (`SecretStr` fields) come from the environment or from a `<name>_file`, never from the
settings file. Every mistake becomes a `SettingsError` that names section, key, the value given and
the values allowed.
"""

from cutover.settings.base import SECRETS, SettingsError
from cutover.settings.container import Container
from cutover.settings.contract import Contract, Mode
from cutover.settings.fhir import Fhir
from cutover.settings.infrastructure import Infrastructure
from cutover.settings.loading import load_settings
from cutover.settings.migrations import Backup, Key, Migrations, Rehearsal, Scratch, TableChange
from cutover.settings.model import CONTAINERS, Settings
from cutover.settings.monitoring import Monitoring
from cutover.settings.performance import (
    Baseline,
    Journey,
    Kubernetes,
    Objective,
    Objectives,
    Performance,
    Pool,
    Resources,
)
from cutover.settings.target import USERS, Database, Limits, Target, User

__all__ = [
    "CONTAINERS",
    "SECRETS",
    "USERS",
    "Backup",
    "Baseline",
    "Container",
    "Contract",
    "Database",
    "Fhir",
    "Infrastructure",
    "Journey",
    "Key",
    "Kubernetes",
    "Limits",
    "Migrations",
    "Mode",
    "Monitoring",
    "Objective",
    "Objectives",
    "Performance",
    "Pool",
    "Rehearsal",
    "Resources",
    "Scratch",
    "Settings",
    "SettingsError",
    "TableChange",
    "Target",
    "User",
    "load_settings",
]
