"""The command `cutover-gates`. Each subcommand has a module of its own beside this one."""

from __future__ import annotations

import sys
from importlib.metadata import version
from typing import Annotated, Any

import typer

from cutover_gates.cli.gate_command import run_gate
from cutover_gates.cli.sign_command import run_sign
from cutover_gates.cli.verify_command import run_verify
from cutover_gates.cli.watch_command import run_watch
from cutover_gates.plugin.exit_status import ExitStatus
from cutover_gates.util.terminal_output import print_text

PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True}
"""Words that a subcommand does not know go to pytest, which knows or refuses them."""

UsageError: Any = typer.BadParameter.__base__
"""The class of all wrong calls. Typer has a copy of Click inside, and gives it no public name."""

app = typer.Typer(
    name="cutover-gates",
    help="Executable go/no-go gates for the cutover of a hospital's management backend.",
    no_args_is_help=True,
    add_completion=False,
    # Their frames show local variables, and those may hold a secret.
    pretty_exceptions_enable=False,
)
app.command("gate", context_settings=PASS_ON)(run_gate)
app.command("sign")(run_sign)
app.command("verify")(run_verify)
app.command("watch")(run_watch)


def main() -> None:
    """Run the command. A call that cannot be read has status 4, as a gate that is not judged.

    Typer's own status for it is 2, which stands for a gate that somebody interrupted.
    """
    try:
        status = app(standalone_mode=False)
    except UsageError as mistake:
        mistake.show()
        sys.exit(ExitStatus.NOT_JUDGED)
    except typer.Abort:
        sys.exit(ExitStatus.INTERRUPTED)
    sys.exit(status)


def _print_version(is_asked: bool) -> None:
    if is_asked:
        print_text(f"cutover-gates {version('cutover-gates')}", sys.stdout)
        raise typer.Exit


@app.callback()
def handle_common_options(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", help="Show the version and exit.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Handle the options that stand before a subcommand."""


if __name__ == "__main__":
    main()
