"""Django's history: rows by app and name, compared with files that are never run."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from cutover_gates.core.findings import Rule
from cutover_gates.probes.database.history import rules
from cutover_gates.probes.database.history.assessments import HistoryAssessments
from tests.findings import list_breaches, list_gaps, list_values, raises_gap
from tests.integration.database.contexts import make_database_context
from tests.standins.flyway_history import write_files

Node = tuple[str, str]


def migration(*needs: Node, replaces: tuple[Node, ...] = ()) -> str:
    listed = ", ".join(
        ["migrations.swappable_dependency(settings.AUTH_USER_MODEL)", *map(repr, needs)]
    )
    return (
        "from django.db import migrations\nraise RuntimeError\n\nclass"
        f" Migration(migrations.Migration):\n    replaces = {list(replaces)!r}\n    dependencies ="
        f" [{listed}]\n    operations = [migrations.RunPython(run)]\n"
    )


FIRST, SECOND, THIRD = (
    ("clinic", "0001_initial"),
    ("clinic", "0002_visits"),
    ("clinic", "0003_tags"),
)
FILES = {
    "clinic/migrations/__init__.py": "",
    "clinic/migrations/0001_initial.py": migration(),
    "clinic/migrations/0002_visits.py": migration(FIRST),
    "clinic/migrations/0003_tags.py": migration(SECOND),
}
SQUASHED = ("clinic", "0001_squashed_0003")
SQUASH = {"clinic/migrations/0001_squashed_0003.py": migration(replaces=(FIRST, SECOND, THIRD))}


def history(dsn: str, folder: Path, files: dict[str, str], *rows: Node) -> HistoryAssessments:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(
            "CREATE TABLE django_migrations (id serial PRIMARY KEY, app text, name text, applied"
            " timestamptz DEFAULT now())"
        )
        for app, name in rows:
            connection.execute(
                "INSERT INTO django_migrations (app, name) VALUES (%s, %s)", [app, name]
            )
    return HistoryAssessments(
        make_database_context(
            dsn, folder, tool="django", locations=[write_files(folder / "apps", files)]
        )
    )


def test_everything_applied_is_clean(empty: str, tmp_path: Path) -> None:
    found = history(empty, tmp_path, FILES, FIRST, SECOND, THIRD)
    assert (
        len(found.assess_completeness().checked)
        == len(found.assess_file_changes().checked)
        == len(found.assess_order().checked)
        == 3
    )
    assert (
        found.assess_completeness().findings
        == found.assess_completeness().not_proven
        == found.assess_order().findings
        == ()
    )


@pytest.mark.parametrize(
    ("rows", "breach"),
    [
        ([FIRST, SECOND], (rules.MIGRATIONS_APPLIED, "clinic.0003_tags")),
        (
            [FIRST, SECOND, THIRD, ("clinic", "0004_x")],
            (rules.KNOWN_MIGRATIONS, "clinic.0004_x"),
        ),
        ([], (rules.MIGRATIONS_APPLIED, "clinic.0001_initial")),
    ],
)
def test_what_is_not_applied_as_released_is_found(
    rows: list[Node], breach: tuple[Rule, str], empty: str, tmp_path: Path
) -> None:
    assessment = history(empty, tmp_path, FILES, *rows).assess_completeness()
    assert breach in list_breaches(assessment)


@pytest.mark.parametrize(
    ("files", "rows", "unapplied"),
    [
        ({**FILES, **SQUASH}, [FIRST, SECOND, THIRD], ()),
        ({**FILES, **SQUASH}, [SQUASHED], ()),
        (SQUASH, [FIRST, SECOND, THIRD], ()),
        (SQUASH, [FIRST, SECOND, THIRD, SQUASHED], ()),
        (SQUASH, [FIRST, SECOND], ("clinic.0001_squashed_0003",)),
        (
            {**FILES, **SQUASH},
            [FIRST, SECOND],
            ("clinic.0001_squashed_0003", "clinic.0003_tags"),
        ),
    ],
)
def test_a_squashed_migration_stands_for_those_it_replaces(
    files: dict[str, str], rows: list[Node], unapplied: tuple[str, ...], empty: str, tmp_path: Path
) -> None:
    found = history(empty, tmp_path, files, *rows)
    assert list_breaches(found.assess_completeness()) == [
        (rules.MIGRATIONS_APPLIED, name) for name in unapplied
    ]
    assert found.assess_order().findings == ()


def test_a_migration_applied_before_what_it_needs_and_two_leaves_are_found(
    empty: str, tmp_path: Path
) -> None:
    found = history(
        empty,
        tmp_path,
        {**FILES, "clinic/migrations/0003_other.py": migration(SECOND)},
        FIRST,
        THIRD,
    ).assess_order()
    assert list_values(found) == [
        (
            "clinic.0003_tags",
            "applied after clinic.0002_visits, which it needs",
            "applied without it",
        ),
        ("the app clinic", "one last migration, for `migrate`", "0003_other, 0003_tags"),
    ]
    assert [finding.rule for finding in found.findings] == [
        rules.APPLIED_IN_ORDER,
        rules.USABLE_SCRIPTS,
    ]


def test_needs_that_cannot_be_read_are_not_proven(empty: str, tmp_path: Path) -> None:
    odd = {"clinic/migrations/0001_initial.py": "class Migration:\n    dependencies = needs()\n"}
    assert list_gaps(history(empty, tmp_path, odd, FIRST).assess_order()) == [
        (rules.COMPARABLE_MIGRATIONS, "clinic.0001_initial")
    ]


def test_an_app_whose_files_are_not_to_be_seen_is_not_proven(empty: str, tmp_path: Path) -> None:
    rows = (("auth", "0001_initial"), FIRST, SECOND, THIRD)
    assessment = history(empty, tmp_path, FILES, *rows).assess_completeness()
    assert list_gaps(assessment) == [(rules.COMPARABLE_MIGRATIONS, "the app auth")]


def test_a_location_may_be_an_app(empty: str, tmp_path: Path) -> None:
    """As for apps of installed packages, whose neighbours are not installed in the target."""
    rows = (FIRST, SECOND, THIRD, ("auth", "0001_initial"))
    locations = history(empty, tmp_path, FILES, *rows).context.migrations.locations
    auth = write_files(
        tmp_path / "packages",
        {
            "auth/migrations/0001_initial.py": migration(),
            "flatpages/migrations/0001_initial.py": migration(),
        },
    )
    found = HistoryAssessments(
        make_database_context(empty, tmp_path, tool="django", locations=[*locations, auth / "auth"])
    ).assess_completeness()
    assert (found.findings, found.not_proven, len(found.checked)) == ((), (), 4)


def test_an_app_may_have_another_label_than_its_folder(empty: str, tmp_path: Path) -> None:
    files = {
        **FILES,
        "clinic/apps.py": "class Config(AppConfig):\n    name = 'x.clinic'\n    label = 'ward'\n",
    }
    assert (
        history(empty, tmp_path, files, *(("ward", name) for _, name in (FIRST, SECOND, THIRD)))
        .assess_completeness()
        .findings
        == ()
    )


@pytest.mark.parametrize(
    ("files", "rule"),
    [
        ({"clinic/models.py": ""}, rules.SCRIPTS_FOUND),
        ({"clinic/migrations/0001_x.py": "class"}, rules.USABLE_SCRIPTS),
    ],
)
def test_what_cannot_be_read_proves_nothing(
    files: dict[str, str], rule: Rule, empty: str, tmp_path: Path
) -> None:
    with raises_gap(rule):
        history(empty, tmp_path, files).assess_completeness()
