"""What belongs to the cutover's night, and what a later night does. Keys of `migrations`."""

from __future__ import annotations

from pydantic import Field

from cutover_gates.config.base import SettingsTable


class NightSettings(SettingsTable):
    """The end of the cutover's night."""

    point_of_no_return: str | None = Field(
        default=None,
        pattern=r"^\d+([._]\d+)*$",
        description=(
            "For Flyway: the last version of the cutover's night (its `target`). The scripts above"
            " it take away what the release before needs. They must be pending in phase1 and"
            " rollback, and are judged in `post-week`. Default: none, and all scripts belong to the"
            " night."
        ),
        examples=["10"],
    )


def require_flyway(point: str | None, tool: str) -> None:
    """Raise `ValueError` for a tool whose migrations have no versions that could be compared."""
    if point is not None and tool != "flyway":
        raise ValueError(
            'point_of_no_return is for tool = "flyway": leave what a later night applies out of'
            f" the migrations of {tool}"
        )
