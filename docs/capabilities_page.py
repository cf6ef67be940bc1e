"""Make `docs/capabilities.md` from the list of capabilities."""

from __future__ import annotations

from cutover_gates.config.capabilities import CAPABILITIES, Capability

HEAD = """# Capabilities

<!-- Made by `python -m docs.generate` from src/cutover_gates/config/capabilities.py.
     Change it there. -->

What a target does not do is a fact about it. It is declared with the reason, the person and the
date, and is then not held against the target:

```toml
[targets.mine.capabilities]
refresh = { value = false, reason = "sessions last one shift", by = "Ada Example", at = 2026-11-20 }
```

A check that needs it is not applicable. The number of facts that a gate left something out for
stands beside the verdict's word, and `verdict.json` lists them under `declared`. One that is older
than `declarations_days` is told. What a person *decides* to go without is a waiver instead.

`pytest --target mine --check-mapping` says what each declaration of your target switches off.

| name | not asked of a target without it | values |
|---|---|---|
"""


def capabilities_page() -> str:
    """Return the text of `capabilities.md`."""
    return HEAD + "".join(map(_format_row, CAPABILITIES.values()))


def _format_row(capability: Capability) -> str:
    others = "".join(f", {kind.__name__}" for kind in capability.values)
    return f"| `{capability.name}` | {capability.absence} | `false`{others} |\n"
