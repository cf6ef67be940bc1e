"""Typed settings: `cutover.toml`, over it the environment (`CUTOVER_…`), over it the command line.

Secrets (`SecretStr` fields) come from the environment or from a `<name>_file`, never from the
settings file. Every mistake becomes a `SettingsError` that names section, key, the value given and
the values allowed.
"""
