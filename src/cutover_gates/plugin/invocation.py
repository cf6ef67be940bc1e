"""How pytest was called, and which settings did not come from the settings file: redacted."""

from __future__ import annotations

import os
import platform
import re
import shlex
from collections.abc import Iterable
from itertools import pairwise

import pytest

from cutover_gates.config.base import SECRET_KEYS
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.core.judged_by import Invocation, SettingsSources

PREFIX = "CUTOVER_"
SECRETS_TABLE = "secrets"
SECRET_OPTION = re.compile(r"(?i)^-{1,2}[\w-]*(password|passwd|pwd|secret|token|api-?key)[\w-]*$")
MASK = "‹secret›"
JOINED_OVERRIDE = re.compile(r"(?:-o|--override-ini=)(\w+=.*)", re.S)
OF_PYTHON = ("PYTEST_", "PYTHON")
"""Variables of pytest and Python, which are kept with their values."""
NOT_KEPT = frozenset({"PYTEST_CURRENT_TEST", "PYTEST_VERSION", "PYTHONHASHSEED"})
"""Variables that pytest sets itself, and one that decides nothing."""
DECIDING = re.compile(
    r"(?i)^((https?|all|no)_proxy|ssl_cert_(file|dir)|requests_ca_bundle|curl_ca_bundle|pg[a-z]+"
    r"|kubeconfig|docker_host|openssl_conf|localdomain|res_options|hostaliases|ld_preload"
    r"|ld_library_path|(hypothesis|schemathesis|locust)_\w+)$"
)
"""Variables that decide who answers, or how libraries ask. Their names are kept."""
SETTINGS_OPTIONS = ("target", "release", "production", "cutover_config")


def describe_invocation(config: pytest.Config, redactor: Redactor) -> Invocation:
    """Return how pytest was called."""
    environment = {
        name: redactor.redact_text(text)
        for name, text in sorted(os.environ.items())
        if name.startswith(OF_PYTHON) and name not in NOT_KEPT
    }
    return Invocation(
        words=redact_words(config.invocation_params.args, redactor),
        from_file=redact_words(config.getini("addopts"), redactor),
        overrides=redact_words(_list_overrides(config), redactor),
        configuration=str(config.inipath or ""),
        environment=environment,
        other_variables=tuple(name for name in sorted(os.environ) if DECIDING.match(name)),
        python=f"{platform.python_implementation()} {platform.python_version()}",
    )


def _list_overrides(config: pytest.Config) -> list[str]:
    """Return the `name=value` of each `-o`; the option itself also holds what pytest adds."""
    environment = shlex.split(os.environ.get("PYTEST_ADDOPTS", ""))
    words = [*config.getini("addopts"), *environment, *map(str, config.invocation_params.args)]
    overrides = []
    for word, following in pairwise([*words, ""]):
        if word in ("-o", "--override-ini"):
            overrides.append(following)
        elif joined := JOINED_OVERRIDE.fullmatch(word):
            overrides.append(joined[1])
    return overrides


def make_redactor(learned: Redactor) -> Redactor:
    """Return a redactor that knows what another one has learned, and all secret variables.

    Before the target is up, the other one has learned none.
    """
    redactor = Redactor()
    for value, name in learned.learned_secrets().items():
        redactor.learn(name, value)
    for name, text in os.environ.items():
        if name.upper().startswith(PREFIX) and _is_secret(_key_of(name)):
            redactor.learn("secret", text)
    return redactor


def redact_words(words: Iterable[object], redactor: Redactor) -> tuple[str, ...]:
    """Return words of a command line without secrets, also behind an option such as `--token`."""
    shown: list[str] = []
    for word in map(str, words):
        follows = bool(shown) and SECRET_OPTION.match(shown[-1]) and not word.startswith("-")
        shown.append(MASK if follows else redactor.redact_text(word))
    return tuple(shown)


def describe_sources(config: pytest.Config) -> SettingsSources:
    """Return the keys of the settings that came from the environment and the command line.

    An empty variable counts as none, as everywhere in the settings.
    """
    given = [_key_of(name) for name in sorted(os.environ) if _sets_something(name)]
    option = config.option
    return SettingsSources(
        environment=tuple(key for key in given if not _is_secret(key)),
        command_line=tuple(name for name in SETTINGS_OPTIONS if getattr(option, name, None)),
        secrets=tuple(key for key in given if _is_secret(key)),
    )


def _sets_something(name: str) -> bool:
    return name.upper().startswith(PREFIX) and bool(os.environ[name])


def _key_of(variable: str) -> str:
    """Return the key of a variable: `targets.staging.url`."""
    return variable[len(PREFIX) :].lower().replace("__", ".")


def _is_secret(key: str) -> bool:
    parts = key.split(".")
    return bool(SECRET_KEYS & set(parts)) or parts[2:3] == [SECRETS_TABLE]
