"""`docs/your-hospital.md`: what a newcomer copies from there can be loaded at every step, and what
he reads is what is said.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cutover_gates.config.loader import load_settings
from cutover_gates.drivers.rest.mapping import load_mapping
from cutover_gates.targets.driver_factory import mapping_of

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs/your-hospital.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
SAID = [
    phrase
    for line in PAGE.splitlines()
    if line.startswith("| `")
    for phrase in re.findall(r"`([^`]+)`", line.split(" | ")[0])
]


@pytest.mark.parametrize("steps", range(1, len(BLOCKS) + 1))
def test_each_step_can_be_loaded_with_those_before_it(steps: int, tmp_path: Path) -> None:
    """The settings as they have grown so far, and the mapping in them."""
    path = tmp_path / "cutover.toml"
    path.write_text("\n".join(BLOCKS[:steps]), encoding="utf-8")
    settings = load_settings(path, tmp_path, target="mine")
    table, source = mapping_of(settings)
    assert load_mapping(table, source).operations["live"]


def test_there_are_steps_and_words_to_look_at() -> None:
    assert len(BLOCKS) >= 10
    assert len(SAID) >= 30


@pytest.mark.parametrize("phrase", SAID)
def test_what_the_page_explains_is_what_is_said(phrase: str) -> None:
    """A newcomer looks for the words that he reads."""
    pattern = re.compile(
        r"\{[^{}]*\}".join(map(re.escape, phrase.split("0")))
        if phrase.startswith("a list of")
        else re.escape(phrase)
    )
    assert any(
        pattern.search(path.read_text(encoding="utf-8"))
        for path in (ROOT / "src/cutover_gates").rglob("*.py")
    ), phrase


def test_the_pages_that_it_leads_to_are_there() -> None:
    links = re.findall(r"\]\(([\w./-]+\.md)\)", PAGE)
    assert links
    assert not [link for link in links if not (ROOT / "docs" / link).is_file()]
