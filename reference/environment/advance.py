"""Command that gives the new release its share of the traffic: the captain's hand on the proxy.

    python -m reference.environment.advance --socket SOCKET --old HOST:PORT --new HOST:PORT 10

0 gives all of it back to the release before. Without a share it changes nothing, and prints the
weights that the proxy has, as JSON: `{"new": 10, "old": 90}`.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from reference.environment.weights import CaddyAdmin, WeightsNotSet, share_weights


def main() -> int:
    """Set the weights, and print them. The status is 1 where the proxy did not take them."""
    parser = argparse.ArgumentParser(description="Give the new release its share of the traffic.")
    parser.add_argument("--socket", type=Path, required=True, help="the proxy's socket")
    parser.add_argument("--old", action="append", required=True, help="the release before")
    parser.add_argument("--new", action="append", required=True, help="the new release")
    parser.add_argument("percent", type=int, nargs="?", help="the share of the new release")
    arguments = parser.parse_args()
    try:
        if arguments.percent is None:
            print(json.dumps(_sum_weights(arguments)))
            return 0
        weights = share_weights(arguments.old, arguments.new, arguments.percent)
        CaddyAdmin(arguments.socket).set_weights(weights)
    except (WeightsNotSet, ValueError) as error:
        print(f"the proxy did not do it: {error}", file=sys.stderr)
        return 1
    print(", ".join(f"{backend}: {weight}" for backend, weight in weights.items()))
    return 0


def _sum_weights(arguments: argparse.Namespace) -> dict[str, int]:
    """Return the weights of both releases. A backend of neither counts as one of the old one."""
    weights = CaddyAdmin(arguments.socket).get_weights()
    new = sum(weight for backend, weight in weights.items() if backend in arguments.new)
    return {"new": new, "old": sum(weights.values()) - new}


if __name__ == "__main__":
    sys.exit(main())
