"""Find another value for each setting, so that no test lists the settings."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, get_args

from pydantic.fields import FieldInfo

from cutover_gates.config.base import SECRET_KEYS, SettingsError, holds_secret, list_keys
from cutover_gates.config.settings import Settings
from docs.settings_tables import TablePlace, table_below, walk_tables

Read = Callable[[Mapping[str, str]], Settings]
"""Load the settings with these variables."""

TARGET = "CUTOVER_TARGETS__STAGING__"
NAMES = {"NAME": "STAGING", "ROLE": "REGISTRAR", "CAPABILITY": "REFRESH"}
"""The names that the file of the test gives. Any other chosen name stands for itself."""

CANDIDATES = (
    "9",
    "0.5",
    "0.9",
    "0.01",
    "85",
    "100000",
    "true",
    "false",
    '["x"]',
    '{"x": "y"}',
    "staging",
    "https://other.example",
    "/other",
)
"""Texts of which most types accept one. They are tried in this order."""

POD_METRICS = f"{TARGET}PERFORMANCE__RESOURCES__KUBERNETES__"

SPECIAL: Mapping[str, str] = {
    f"{TARGET}{key}": text
    for key, text in {
        "ROLES__REGISTRAR__ACCOUNT": "registrar",
        "ROLES__REGISTRAR__MAY": '["search"]',
        "MIGRATIONS__KEYS": '[{"column": "a.b", "refers_to": "c.d"}]',
        "MIGRATIONS__TABLES__TABLE__ROWS": "+9",
        "PERFORMANCE__MAX_SECONDS": "99",
        "CONTRACT__ROLES": '{"auditor": ["GET /x"]}',
        "INFRASTRUCTURE__CLUSTER__DIGEST": f"sha256:{'1' * 64}",
        "INFRASTRUCTURE__CLUSTER__PREVIOUS_DIGEST": f"sha256:{'2' * 64}",
        "INFRASTRUCTURE__TLS__ENDPOINTS": '["a.example:443"]',
        "INFRASTRUCTURE__TLS__REDIRECTS": '["http://a.example/"]',
        "INFRASTRUCTURE__DNS__RECORDS": '{"a.example": ["10.0.0.9"]}',
        "INFRASTRUCTURE__DNS__RESOLVERS": '["10.0.0.9"]',
        "INFRASTRUCTURE__DNS__AUTHORITIES": '["10.0.0.9"]',
        "INFRASTRUCTURE__BALANCER__BACKENDS": '["http://10.0.0.9"]',
        "INFRASTRUCTURE__BALANCER__CLIENT_ADDRESS": "10.0.0.9",
        "INFRASTRUCTURE__REDIS__URL": "redis://r.example",
        "INFRASTRUCTURE__CLUSTER__MUST_DECLARE": '["limits.memory"]',
        "INFRASTRUCTURE__REGISTRY__PLATFORM": "linux/arm64",
        "INFRASTRUCTURE__PIPELINE__COMMIT": "c" * 40,
        "MONITORING__REVIEW__EXPECTED_ERRORS": '{"laboratory": "r"}',
        "MONITORING__CHANNEL_ARRIVALS__FILES": '{"x": "/y"}',
        "MONITORING__ALERTS__RULES": '{"health": "r"}',
        "MONITORING__ALERTS__FOR_SECONDS": '{"health": 9}',
        "MONITORING__ALERTS__THRESHOLDS": '{"health": 9}',
        "MONITORING__ALERTS__RECEIVER_LISTEN": "h:9",
        "MONITORING__LOGS__PATTERN": "(?P<time>.)(?P<level>.)(?P<request_id>.)",
    }.items()
}
"""Values for settings whose validators accept no candidate. A newer one has `examples`."""

DECLARED = {"REASON": "r", "BY": "b", "AT": "2026-11-19"}
ITEM, CAPABILITY = f"{TARGET}NOT_APPLICABLE__ITEM__", f"{TARGET}CAPABILITIES__REFRESH__"

TABLE = f"{TARGET}MIGRATIONS__TABLES__TABLE__"
PERSON = "CUTOVER_PEOPLE__STAGING__"
TABLE = f"{TARGET}MIGRATIONS__TABLES__TABLE__"
CORRECTIONS = f"{TABLE}CORRECTIONS__"

EXCEPTION = f"{TARGET}INFRASTRUCTURE__SECURITY_SCANS__EXCEPTIONS__EXCEPTION__"

COMPANIONS: Mapping[str, Mapping[str, str]] = {
    PERSON: {f"{PERSON}NAME": "Ada Example", f"{PERSON}PUBLIC_KEY_FILE": "a.pem"},
    ITEM: {f"{ITEM}{key}": text for key, text in DECLARED.items()},
    CAPABILITY: {f"{CAPABILITY}{key}": text for key, text in DECLARED.items()}
    | {f"{CAPABILITY}VALUE": "false"},
    f"{TARGET}ROLES__": {f"{TARGET}ROLES__REGISTRAR__MAY_NOT": '["patient", "admit"]'},
    POD_METRICS: {
        f"{POD_METRICS}API": "https://k.example",
        f"{POD_METRICS}NAMESPACE": "n",
        f"{POD_METRICS}SELECTOR": "s",
    },
    f"{TARGET}MIGRATIONS__VERSION": {f"{TARGET}MIGRATIONS__TOOL": "custom"},
    **{
        f"{TARGET}MIGRATIONS__{table}__": {
            f"{TARGET}MIGRATIONS__{table}__{key}": text for key, text in DECLARED.items()
        }
        for table in ("STANDSTILL", "OTHER_SERVER")
    },
    EXCEPTION: {
        f"{EXCEPTION}{key}": text for key, text in {**DECLARED, "EXPIRES": "2026-12-30"}.items()
    },
    f"{TARGET}MONITORING__REVIEW__COMPARED__COMPARE__": {
        f"{TARGET}MONITORING__REVIEW__COMPARED__COMPARE__QUERY": "sum(x[24h])"
    },
    f"{TARGET}MONITORING__CHANNEL_ARRIVALS__": {
        f"{TARGET}MONITORING__CHANNEL_ARRIVALS__FILES": '{"x": "/y"}'
    },
    CORRECTIONS: {
        f"{CORRECTIONS}AUDIT": "SELECT 1",
        f"{CORRECTIONS}CHANGED_BY": "b",
        f"{CORRECTIONS}ROLES": '["r"]',
        f"{CORRECTIONS}REASON": "r",
    },
    f"{TABLE}IGNORES": {f"{TABLE}REASON": "r"},
    f"{TARGET}MIGRATIONS__LARGE_OBJECTS__": {
        f"{TARGET}MIGRATIONS__LARGE_OBJECTS__REASON": "they move"
    },
    f"{TARGET}CONTRACT__MODE": {f"{TARGET}CONTRACT__THROWAWAY": "true"},
    f"{TARGET}PERFORMANCE__RESOURCES__CPU_UNIT": {
        f"{TARGET}PERFORMANCE__RESOURCES__CPU": "cpu_time"
    },
    f"{TABLE}KEY": {f"{TABLE}FROM": "SELECT 1"},
    f"{TABLE}KEPT_AS": {f"{TABLE}ROWS": "dropped"},
    f"{TARGET}ROLLOUT__WEIGHTS__ROUTE": {f"{TARGET}ROLLOUT__WEIGHTS__NEW_BACKEND": "b"},
    f"{TARGET}PERFORMANCE__WORKERS": {f"{TARGET}PERFORMANCE__MASTER_HOST": "h"},
}
"""Variables that others need, by the beginning of those others' names."""

FIXED = {
    # The kind of the test's target follows from its url.
    f"{TARGET}KIND",
    # The only value that every capability takes is false.
    f"{CAPABILITY}VALUE",
}


@dataclass(frozen=True)
class OtherValue:
    """A variable with a value that is not its default, and the variables that it needs."""

    variable: str
    text: str
    companions: Mapping[str, str] = field(default_factory=dict)


def find_other_values(read: Read) -> Iterator[OtherValue]:
    """Yield another value for each setting that is no secret and no table."""
    for place in walk_tables():
        # A list of tables has one variable, which belongs to the table above.
        keys = () if place.in_list else list_keys(place.model)
        for key in keys:
            variable = _variable(place, key)
            if _is_value(place, key) and variable not in FIXED:
                yield _find_other_value(read, variable, list_keys(place.model)[key])


def secret_variables() -> list[str]:
    """Return the variables of all settings whose type is a secret."""
    return [
        _variable(place, key)
        for place in walk_tables()
        for key, setting in list_keys(place.model).items()
        if holds_secret(setting.annotation)
    ]


def _is_value(place: TablePlace, key: str) -> bool:
    inner = table_below(place, key)
    return key not in SECRET_KEYS and (inner is None or inner.in_list)


def _variable(place: TablePlace, key: str) -> str:
    names = [NAMES.get(part, part) for part in place.keys]
    return f"CUTOVER_{'__'.join([*names, key])}".upper()


def _find_other_value(read: Read, variable: str, setting: FieldInfo) -> OtherValue:
    """Return the first value that loads and that changes the settings.

    Raises AssertionError where there is none.
    """
    companions = _companions(variable)
    unchanged = read(companions).model_dump()
    for text in _candidates(variable, setting):
        try:
            settings = read({**companions, variable: text})
        except SettingsError:
            continue
        if settings.model_dump() != unchanged:
            return OtherValue(variable, text, companions)
    raise AssertionError(f"no candidate is another value of {variable}: give it examples=[...]")


def _companions(variable: str) -> Mapping[str, str]:
    for start, companions in COMPANIONS.items():
        if variable.startswith(start):
            return companions
    return {}


def _candidates(variable: str, setting: FieldInfo) -> Iterator[str]:
    if variable in SPECIAL:
        yield SPECIAL[variable]
    for example in setting.examples or []:
        yield example if isinstance(example, str) else json.dumps(example)
    yield from _literal_words(setting.annotation)
    yield from CANDIDATES


def _literal_words(annotation: Any) -> Iterator[str]:
    """Yield the words that a `Literal` in the annotation allows."""
    for part in get_args(annotation):
        if isinstance(part, str):
            yield part
        else:
            yield from _literal_words(part)
