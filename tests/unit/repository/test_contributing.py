"""The guides for contributors name files, classes and rules that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cutover_gates.reporting.rule_catalog import load_rules

ROOT = Path(__file__).resolve().parents[3]
GUIDES = ("CONTRIBUTING.md", "docs/adding-a-rule.md")
FOLDERS = (ROOT, ROOT / "src/cutover_gates")
"""The folders from which the guides name a file."""


def _read(guide: str) -> str:
    return (ROOT / guide).read_text(encoding="utf-8")


@pytest.mark.parametrize("guide", GUIDES)
def test_every_file_that_a_guide_names_exists(guide: str) -> None:
    # A path with an ellipsis or a star stands for many, and PREFIX for a rule's prefix.
    paths = re.findall(r"`([\w-]+/[\w./-]+\.(?:py|md|toml))`", _read(guide))
    paths = [path for path in paths if "PREFIX" not in path]
    assert len(paths) > 10
    missing = [path for path in paths if not any((folder / path).is_file() for folder in FOLDERS)]
    assert missing == []


def test_the_worked_examples_are_those_of_the_code() -> None:
    """A class, a function or a rule that is quoted stands in the file that its step names."""
    for step in re.split(r"\n\*\*\d\. ", _read("CONTRIBUTING.md"))[1:]:
        named = re.match(r"[^*]*`([\w./-]+\.py)`", step)
        quoted = re.findall(r"(?m)^(?:class|def) (\w+)|^(\w+)(?:: \w+)? = ", step)
        for name in ("".join(names) for names in quoted):
            assert named, step
            assert name in (ROOT / named[1]).read_text(encoding="utf-8"), name


def test_the_rule_of_the_worked_example_has_its_text() -> None:
    guide = _read("CONTRIBUTING.md")
    rule = load_rules()["REDIS-010"]
    assert all(f'"{text}"' in guide for text in (rule.id, rule.title, rule.why, rule.fix))


def test_the_faults_of_the_commands_are_written() -> None:
    """Each stands in a module of `tests/faults`, as a class."""
    names = re.findall(r"python -m tests\.faults (\w+)", _read("CONTRIBUTING.md"))
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "tests/faults").rglob("*.py")]
    assert len(names) >= 3
    assert [name for name in names if not any(f"class {name}(" in text for text in texts)] == []
