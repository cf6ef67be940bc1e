"""The settings file as a source of pydantic-settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic_settings import BaseSettings, PydanticBaseSettingsSource


class FileSource(PydanticBaseSettingsSource):
    """The parsed settings file (pydantic's own TOML source cannot refuse a literal secret)."""

    def __init__(self, settings_cls: type[BaseSettings], data: Mapping[str, Any]) -> None:
        super().__init__(settings_cls)
        self.data = data

    def get_field_value(
        self,
        field: Any,  # noqa: ARG002  # the signature is pydantic's
        field_name: str,
    ) -> tuple[Any, str, bool]:
        """Return what the file says of a field."""
        return self.data.get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        """Return all that the file says."""
        return dict(self.data)
