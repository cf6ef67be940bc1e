"""Typed settings: `cutover.toml`, over it the environment (`CUTOVER_…`), over it the command line.

Secrets (`SecretStr` fields) come from the environment or from a `<name>_file`, never from the settings file.
Every mistake becomes a `SettingsError` that names section, key, the value given and the values allowed.
"""

from cutover.settings.loading import load_settings
from cutover.settings.model import Settings
from cutover.settings.target import SECRETS, USERS, Database, Limits, SettingsError, Target, User

__all__ = ["SECRETS", "USERS", "Database", "Limits", "Settings", "SettingsError", "Target", "User", "load_settings"]
