"""Attacks on the release that is judged, and on the verdict of staging that stands for a proof."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from cutover_gates.plugin.attestation import close_folder
from tests.gate.holes.attestation_holes import KEY
from tests.gate.holes.catalogue import SIGN_IN, Change, Hole
from tests.gate.holes.release_holes import AT_T24, STAGED, TODAY, add_to_plan, hole, reports
from tests.gate.holes.toy_project import Toy

LONG = "a" * 200


def named(release: str) -> Change:
    """Another release under judgement."""
    return lambda toy: toy.replace("cutover.toml", 'release = "1.0"', f'release = "{release}"')


def break_sign_in(toy: Toy) -> None:
    """The check of the sign-in fails from now on."""
    toy.replace(SIGN_IN, "    recorder", "    assert False\n    recorder")


def mend_sign_in(toy: Toy) -> None:
    """The check of the sign-in is as it was."""
    toy.replace(SIGN_IN, "    assert False\n", "")


def kill_the_run(toy: Toy) -> None:
    """The check of the sign-in kills its process."""
    toy.replace(SIGN_IN, "    recorder", "    import os\n    os.kill(os.getpid(), 9)\n    recorder")


def break_staging(toy: Toy) -> None:
    """Another release answers on staging. Its checks stay those of t24."""
    toy.replace("cutover.toml", f'"{toy.url}"', f'"{toy.url}/release/candidate/{toy.folder.name}"')


def find_verdict(toy: Toy) -> Path:
    """Return the verdict of the one run on staging."""
    (path,) = (toy.folder / "reports/runs").glob("2*-staging-*/verdict.json")
    return path


def edit_word(toy: Toy) -> None:
    """Somebody writes GO and passed over the NO-GO of staging."""
    path = find_verdict(toy)
    text = path.read_text(encoding="utf-8").replace("NO-GO", "GO")
    for outcome in ("failed", "not proven"):
        text = text.replace(f'"outcome": "{outcome}"', '"outcome": "passed"')
    path.write_text(text, encoding="utf-8")


def edit_word_and_sums(toy: Toy) -> None:
    """They also write the sums and the statement anew, but have no key."""
    edit_word(toy)
    close_folder(find_verdict(toy).parent, None)


def add_setting(line: str) -> Callable[[Toy], None]:
    """The target says more of staging."""
    table = f"[targets.toy.migrations]\n{line}\n"
    return lambda toy: toy.write(
        "cutover.toml", (toy.folder / "cutover.toml").read_text(encoding="utf-8") + table
    )


def declare_key(toy: Toy) -> None:
    """The public key of staging is declared."""
    toy.write("staging.pem", KEY.public_pem.decode())
    add_setting('staging_key_file = "staging.pem"')(toy)


def sign_off(toy: Toy) -> None:
    """A person attests what staging judges."""
    toy.write(
        "signoffs.toml",
        f'[[signoff]]\nitem = "on-staging"\ntarget = "toy"\nrelease = "1.0"\n'
        f'by = "Ada Example"\nat = {TODAY}\nreason = "I saw it"\nexpires = 2999-12-31\n',
    )


def judge_other_release(toy: Toy) -> None:
    """From now on another release is declared than the one that staging judged."""
    toy.replace("cutover.toml", 'release = "1.0"\n', 'release = "1.1"\n')


def staged(*steps: tuple[str, Callable[[Toy], None] | None], proof: str = "check") -> Change:
    """At t24 two items are asked of staging, of which these gates ran before, each after a change.

    A step whose gate is empty only changes the project.
    """

    def change(toy: Toy) -> None:
        item = STAGED.replace('"check"', f'"{proof}"')
        item = item.replace('["phase3"]', '["t24"]')
        add_to_plan(item.replace('["sign-in"]', '["sign-in", "patients"]'))(toy)
        toy.write(
            "cutover.toml",
            f'target = "toy"\n[targets.staging]\nurl = "{toy.url}"\nrelease = "1.0"\n[targets.toy]\n'
            f'url = "{toy.url}/release/old/{toy.folder.name}-{id(toy)}"\nrelease = "1.0"\n'
            'previous_release = "0.9"\n[targets.toy.users.clinician]\nusername = "c"\n',
        )
        for gate, before in steps:
            if before:
                before(toy)
            if gate:
                toy.run("-m", gate, "--target", "staging", cwd=None)

    return change


def on_staging(name: str, says: str, *steps: tuple[str, Callable[[Toy], None] | None]) -> Hole:
    """An attack on the proof by staging. Its runs before take seconds."""
    return Hole(name, AT_T24, staged(*steps), item="on-staging", says=says, thorough=True)


def rehearsed(
    name: str, says: str, *steps: tuple[str, Callable[[Toy], None] | None], usual: bool = False
) -> Hole:
    """An attack on an item that staging's verdict proves, or a person."""
    change = staged(*steps, proof="check or sign-off")
    return Hole(name, AT_T24, change, item="on-staging", says=says, thorough=not usual)


HOLES = (
    hole(
        "a release that begins as the declared one does, and is longer",
        lambda toy: (named(LONG)(toy), reports("very-long")(toy))[0],
        "201 characters",
        thorough=True,
    ),
    on_staging(
        "a later verdict of staging, of another gate, found a part of it open",
        "in a later verdict",
        ("phase3", None),
        ("nightly", break_sign_in),
        ("", mend_sign_in),
    ),
    on_staging(
        "a later run on staging was killed", "is NO-GO", ("phase3", None), ("phase3", kill_the_run)
    ),
    on_staging(
        "the checks were changed since staging was judged",
        "the checks of your own changed",
        ("phase3", None),
        ("", break_sign_in),
    ),
    rehearsed(
        "a NO-GO of staging that is written over",
        "does not verify",
        ("phase3", break_staging),
        ("", edit_word),
        usual=True,
    ),
    rehearsed(
        "a NO-GO of staging that is written over, with its sums, where staging signs",
        "the statement is not signed",
        ("phase3", break_staging),
        ("", edit_word_and_sums),
        ("", declare_key),
    ),
    rehearsed(
        "a sign-off beside the NO-GO of staging",
        "is NO-GO",
        ("phase3", break_sign_in),
        ("", mend_sign_in),
        ("", sign_off),
    ),
    rehearsed(
        "a verdict of staging that is too old, and nobody signs",
        "no sign-off",
        ("phase3", None),
        ("", add_setting("staging_verdict_hours = 0.0000001")),
    ),
    rehearsed(
        "a verdict of staging on another release, and nobody signs",
        "no sign-off",
        ("phase3", None),
        ("", judge_other_release),
    ),
)
