"""YAML and XML that cost more than their bytes are refused."""

from __future__ import annotations

import pytest

from cutover_gates.util.bounded_markup import UnusableMarkup, declares_entities, parse_yaml

BOMB = "a0: &a0 [x]\n" + "".join(
    f"a{n + 1}: &a{n + 1} [{','.join([f'*a{n}'] * 10)}]\n" for n in range(9)
)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("[" * 9_000, "not YAML", id="open lists"),
        pytest.param("[" * 3_000 + "]" * 3_000, "not YAML", id="deep lists"),
        pytest.param("[" * 150 + "]" * 150, "nested", id="too deep to be walked"),
        pytest.param(BOMB, "values", id="aliases"),
        pytest.param("route: &r\n  routes: [*r]", "nested", id="contains itself"),
        pytest.param("a: 2026-13-45", "not YAML", id="a date that is none"),
        pytest.param("a: !!python/object:os.system x", "not YAML", id="an object"),
    ],
)
def test_yaml_beyond_a_bound_is_refused(text: str, says: str) -> None:
    with pytest.raises(UnusableMarkup, match=says):
        parse_yaml(text)


def test_an_alias_is_read() -> None:
    assert parse_yaml("a: &x [1]\nb: *x") == {"a": [1], "b": [1]}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_are_seen_in_any_encoding(encoding: str) -> None:
    assert declares_entities("<!DOCTYPE a [<!ENTITY b 'c'>]><a/>".encode(encoding))
    assert not declares_entities("<!DOCTYPE coverage SYSTEM 'x'><a/>".encode(encoding))
