"""Attacks on the release that is judged, and on the verdict of staging that stands for a proof."""

from __future__ import annotations

from collections.abc import Callable

from tests.gate.holes.catalogue import SIGN_IN, Change, Hole
from tests.gate.holes.release_holes import AT_T24, STAGED, add_to_plan, hole, reports
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


def staged(*steps: tuple[str, Callable[[Toy], None] | None]) -> Change:
    """At t24 two items are asked of staging, of which these gates ran before, each after a change.

    A step whose gate is empty only changes the project.
    """

    def change(toy: Toy) -> None:
        item = STAGED.replace('["phase3"]', '["t24"]')
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
)
