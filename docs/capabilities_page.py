"""Make `docs/capabilities.md` from the list of capabilities."""

from __future__ import annotations

from cutover_gates.config.capabilities import CAPABILITIES
from cutover_gates.config.capability import Capability
from cutover_gates.config.declared_tables import describe_kind

HEAD = """# Capabilities

<!-- Made by `python -m docs.generate` from src/cutover_gates/config/capabilities.py.
     Change it there. -->

What a target does not do is a fact about it. It is declared with the reason, the person and the
date, and is then not held against the target:

```toml
[targets.mine.capabilities]
refresh = { value = false, reason = "sessions last one shift", by = "Ada Example", at = 2026-11-20 }
```

A check that needs it is not applicable. Rules of functions are tried all the same: where the target
keeps one after all, the verdict notes it, and what stands under *proven all the same* no
declaration takes away ([decision 0039](decisions/0039-absent-and-tried.md)). Some take a value
instead of `false`: a number, or a list such as `["image/png"]`.

The number of facts that a gate left something out for stands beside the verdict's word, and
`verdict.json` lists them under `declared`. One that is older than `declarations_days` is told. What
a person *decides* to go without is a waiver instead.

`pytest --target mine --check-mapping` says what each declaration of your target switches off.

| name | not asked of a target without it | proven all the same | values |
|---|---|---|---|
"""


def capabilities_page() -> str:
    """Return the text of `capabilities.md`."""
    return HEAD + "".join(map(_format_row, CAPABILITIES.values()))


def _format_row(capability: Capability) -> str:
    kinds = " or ".join(map(describe_kind, capability.values))
    others = f", or {kinds}: {capability.meaning}" if kinds else ""
    choices = "".join(f" `{name}`" for name in capability.choices)
    values = f"`false`{others}{choices and f' ({choices.strip()})'}"
    return f"| `{capability.name}` | {capability.absence} | {capability.proven} | {values} |\n"
