"""The driver for REST backends, driven by a mapping of TOML data."""
