"""Write what follows from the code: `python -m docs.generate`.

These are `docs/settings.md`, `docs/capabilities.md`, `docs/rules/`, the truth table of
`docs/triggers.md`, and the keys that `cutover.toml` does not show yet.
Tests hold them equal to what this module makes.
"""

from __future__ import annotations

from pathlib import Path

from cutover_gates.core.check_groups import CHECKS_FILE
from docs.capabilities_page import capabilities_page
from docs.check_rules import FILE as CHECKS
from docs.check_rules import format_file, format_list, list_checks, read_aliases
from docs.rule_pages import rule_pages
from docs.settings_example import complete_example
from docs.settings_page import settings_page
from docs.trigger_table import complete_triggers_page

HERE = Path(__file__).resolve().parent
TRIGGERS = HERE / "triggers.md"
EXAMPLE = HERE.parent / "cutover.toml"


def main() -> None:
    """Write the pages, and complete the example."""
    (HERE / "settings.md").write_text(settings_page(), encoding="utf-8")
    (HERE / "capabilities.md").write_text(capabilities_page(), encoding="utf-8")
    example = complete_example(EXAMPLE.read_text(encoding="utf-8"))
    EXAMPLE.write_text(example, encoding="utf-8")
    folder = HERE / "rules"
    folder.mkdir(exist_ok=True)
    for name, page in rule_pages().items():
        (folder / name).write_text(page, encoding="utf-8")
    triggers = complete_triggers_page(TRIGGERS.read_text(encoding="utf-8"))
    TRIGGERS.write_text(triggers, encoding="utf-8")
    CHECKS.write_text(format_file(list_checks(), read_aliases()), encoding="utf-8")
    CHECKS_FILE.write_text(format_list(list_checks()), encoding="utf-8")


if __name__ == "__main__":
    main()
