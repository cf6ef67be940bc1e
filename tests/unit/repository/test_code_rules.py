"""The rules of the house that neither ruff, mypy nor import-linter knows."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from cutover_gates.core.gates import SUITES
from cutover_gates.plugin.check_inventory import build_inventory
from cutover_gates.plugin.suite_folders import SuiteFolders

ROOT = Path(__file__).resolve().parents[3]

# ── what a suite folder may know ──

SPOKEN = frozenset(
    {
        "pytest",
        "cutover_gates.hospital",
        "cutover_gates.hospital.hard_values",
        "cutover_gates.hospital.synthetic",
        "cutover_gates.hospital.undocumented_requests",
        "cutover_gates.hospital.matchers",
    }
)
"""Beside the standard library: what a check may say and do."""
NAMED = {
    "cutover_gates.config.target_access": {"Limits"},
    "cutover_gates.watch.assessments": {"WatchAssessments"},
    "cutover_gates.watch.release_withdrawal": {"WithdrawalAssessment"},
    "cutover_gates.watch.way_back.assessments": {"RollbackAssessments"},
    "cutover_gates.watch.way_back.live_answers": {"TrafficAssessments"},
    "cutover_gates.watch.trigger_assessments": {"TriggerAssessments"},
    "cutover_gates.watch.night_criteria": {"NightCriteria"},
    "cutover_gates.probes.observability.metrics.night_traffic": {"NightTraffic"},
    "cutover_gates.probes.api.access.assessments": {"AccessAssessments"},
    "cutover_gates.probes.api.compatibility.assessments": {"CompatibilityAssessments"},
    "cutover_gates.probes.api.fuzzing.assessments": {"FuzzAssessments"},
    "cutover_gates.probes.api.document.assessments": {"DocumentAssessments"},
    "cutover_gates.probes.api.document.served_document": {"ServedDocumentAssessments"},
    "cutover_gates.probes.api.headers.assessments": {"HeaderAssessments"},
    "cutover_gates.probes.api.headers.browser_reading": {"BrowserAssessments"},
    "cutover_gates.probes.api.methods.assessments": {"MethodAssessments"},
    "cutover_gates.probes.database.stored_records": {"StoredRecords"},
    "cutover_gates.probes.database.history.assessments": {"HistoryAssessments"},
    "cutover_gates.probes.database.schema.assessments": {"SchemaAssessments"},
    "cutover_gates.probes.database.rows.assessments": {"RowAssessments"},
    "cutover_gates.probes.database.way_back.assessments": {"DatabaseRollback"},
    "cutover_gates.probes.database.replay.assessments": {"ReplayAssessments"},
    "cutover_gates.probes.database.integrity.assessments": {"IntegrityAssessments"},
    "cutover_gates.probes.database.health.assessments": {"ServerAssessments"},
    "cutover_gates.probes.database.backup.assessments": {"BackupAssessments"},
    "cutover_gates.probes.database.outside_tables.assessments": {"OutsideTablesAssessments"},
    "cutover_gates.probes.database.rehearsal.side_by_side": {"SideBySideAssessments"},
    "cutover_gates.probes.database.rehearsal.contraction": {"ContractionAssessments"},
    "cutover_gates.probes.database.rehearsal.script_lint": {"LintAssessments"},
    "cutover_gates.probes.database.rehearsal.assessments": {"RehearsalAssessments"},
    "cutover_gates.probes.database.rehearsal.staging_verdict": {"StagingAssessments"},
    "cutover_gates.drivers.fhir.conformance": {"FhirConformance"},
    "cutover_gates.probes.load.assessments": {"LoadAssessments"},
    "cutover_gates.probes.deployment.kubernetes.assessments": {"KubernetesAssessments"},
    "cutover_gates.probes.deployment.kubernetes.rollback_assessments": {"KubernetesRollback"},
    "cutover_gates.probes.deployment.pipeline.assessments": {"PipelineAssessments"},
    "cutover_gates.probes.deployment.registry.assessments": {"RegistryAssessments"},
    "cutover_gates.probes.deployment.code_review.assessments": {"CodeReviewAssessments"},
    "cutover_gates.probes.deployment.security_scans.assessments": {"SecurityScanAssessments"},
    "cutover_gates.probes.deployment.step_health.assessments": {"StepInstances"},
    "cutover_gates.probes.rollout.assessments": {"RolloutAssessments"},
    "cutover_gates.probes.rollout.kept_release": {"KeptRelease"},
    "cutover_gates.probes.rollout.side_effects": {"SideEffects"},
    "cutover_gates.probes.network.load_balancer.assessments": {"LoadBalancerAssessments"},
    "cutover_gates.probes.network.dns.assessments": {"DnsAssessments"},
    "cutover_gates.probes.network.readiness.assessments": {"ReadinessAssessments"},
    "cutover_gates.probes.network.redis.assessments": {"RedisAssessments"},
    "cutover_gates.probes.network.tls.assessments": {"TlsAssessments"},
    "cutover_gates.probes.observability.alerts.agreement_assessments": {"RuleAgreement"},
    "cutover_gates.probes.observability.alerts.assessments": {"AlertAssessments"},
    "cutover_gates.probes.observability.dashboards.assessments": {"DashboardAssessments"},
    "cutover_gates.probes.observability.logs.assessments": {"LogAssessments"},
    "cutover_gates.probes.observability.metrics.assessments": {"MetricAssessments"},
    "cutover_gates.probes.observability.metrics.memory_growth": {"StepMemory"},
    "cutover_gates.watch.response_baselines": {"ResponseBaselines"},
    "cutover_gates.probes.observability.channels.assessments": {"ChannelAssessments"},
    "cutover_gates.probes.observability.logs.hour_review": {"LogReview"},
    "cutover_gates.probes.observability.metrics.day_review": {"MetricReview"},
}
"""Types of fixtures: a check may name them in its signature and nowhere else."""
OWN = {
    "performance/journeys.py": frozenset(
        {"cutover_gates.probes.load.journeys"}
    ),  # the words in which a journey is written; load processes get the file as text
    "performance/locustfile.py": frozenset(
        {"cutover_gates.cli.interactive_load"}
    ),  # locust asks for a file of its own: all that it does stands there
}
"""Files of a suite that are no checks, and what each of them may say beside."""
WAYS_OUT = frozenset(
    {
        "socket",
        "ssl",
        "http",
        "urllib",
        "ftplib",
        "smtplib",
        "subprocess",
        "asyncio",
        "sqlite3",
        "importlib",
        "ctypes",
    }
)
"""Modules of the standard library by which a check could reach a target behind the driver's back.
"""
ADDRESS = re.compile(r"\b(?:https?|wss?|postgres(?:ql)?)://\w")
QUERY = re.compile(
    r"\b(?:select\b.+\bfrom|insert\s+into|delete\s+from|update\s+\w+\s+set|(?:drop|alter|truncate)\s+table)\b",
    re.IGNORECASE | re.DOTALL,
)


def broken_rules(source: str, own: frozenset[str] = frozenset()) -> Iterator[str]:
    """What a suite's file says that it may not, one sentence each.

    `own` are modules that it may say although it is in a suite.
    """
    tree = ast.parse(source)
    allowed_in = {id(part) for place in _annotations(tree) for part in ast.walk(place)}
    types = set[str]()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (f"imports {alias.name}" for alias in node.names if not _free(alias.name))
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            names = {alias.name for alias in node.names}
            types |= names & NAMED.get(module, set())
            if not _free(module) and module not in own and not names <= NAMED.get(module, set()):
                yield f"imports {module}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in types and id(node) not in allowed_in:
            yield f"uses {node.id}, which it may only name in a signature"
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from (
                f"holds {what}: {node.value!r}"
                for what, pattern in (("an address", ADDRESS), ("SQL", QUERY))
                if pattern.search(node.value)
            )


def _free(module: str) -> bool:
    return module in SPOKEN or (module.partition(".")[0] in sys.stdlib_module_names - WAYS_OUT)


def _annotations(tree: ast.AST) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        for place in (getattr(node, "annotation", None), getattr(node, "returns", None)):
            if isinstance(place, ast.expr):
                yield place


def _suite_files() -> list[Path]:
    return [path for suite in SUITES for path in sorted((ROOT / suite).rglob("*.py"))]


def test_a_suite_speaks_only_the_language() -> None:
    """No URL, no SQL, no client, no other suite: only fixtures and the words of
    `cutover_gates.hospital`.
    """
    broken = [
        f"{name} {rule}"
        for path in _suite_files()
        for name in [path.relative_to(ROOT).as_posix()]
        for rule in broken_rules(path.read_text(encoding="utf-8"), OWN.get(name, frozenset()))
    ]
    assert not broken, "\n".join(broken)


def test_there_is_a_suite_to_look_at() -> None:
    assert _suite_files()


@pytest.mark.parametrize(
    ("source", "rule"),
    [
        ("import httpx", "imports httpx"),
        ("import urllib.request", "imports urllib.request"),
        ("from psycopg import connect", "imports psycopg"),
        ("from cutover_gates.drivers import rest", "imports cutover_gates.drivers"),
        (
            "from cutover_gates.config.target_access import Limits, load_settings",
            "imports cutover_gates.config.target",
        ),
        ("from smoke.helpers import anything", "imports smoke.helpers"),
        ("from .helpers import anything", "imports .helpers"),
        ("def f():\n    import reference", "imports reference"),
        ("from cutover_gates.config.target_access import Limits\nLIMIT = Limits()", "uses Limits"),
        ("WHERE = 'https" + "://hospital.example'", "holds an address"),
        ("QUERY = 'SELECT id FROM patients'", "holds SQL"),
        ("QUERY = f'delete from {table}'", "holds SQL"),
    ],
)
def test_a_suite_that_knows_more_is_caught(source: str, rule: str) -> None:
    assert [broken for broken in broken_rules(source) if broken.startswith(rule)]


def test_what_may_say_more_is_no_check() -> None:
    """It is written nowhere in the census, and pytest would not collect it."""
    assert all((ROOT / name).is_file() for name in OWN)
    assert not {
        check.check.partition("::")[0] for check in build_inventory(SuiteFolders(ROOT)).checks
    } & set(OWN)
    assert not [name for name in OWN if _holds_tests(ROOT / name)]


def test_a_suite_may_name_the_type_of_a_fixture() -> None:
    assert not list(
        broken_rules(
            "from cutover_gates.config.target_access import Limits\n"
            "def test(limits: Limits) -> None: ...\n"
        )
    )


# ── no fault outside of tests/ ──

SWITCH = re.compile(
    r"(?i)\b\w*(?:fault|sabotage|chaos|seeded_defect|inject)(?:s|ed|ion)?_?(?:mode|switch|enabled|name|on)?\b"
)
KNOWN_WORDS = frozenset({"fault", "faults", "readfault", "templatefault", "default", "defaults"})
"""Names that speak of somebody's mistake and switch nothing."""


def switches(source: str) -> Iterator[str]:
    """Names and environment variables that look like a way to turn a fault on; and every import
    from tests.
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "tests":
            yield f"imports {node.module}"
        if isinstance(node, ast.Import):
            yield from (
                f"imports {alias.name}"
                for alias in node.names
                if alias.name.partition(".")[0] == "tests"
            )
        for name in _words(node):
            if (
                SWITCH.fullmatch(name)
                and name.lower().lstrip("_") not in KNOWN_WORDS
                and "default" not in name.lower()
            ):
                yield f"has {name!r}"


def _words(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.arg):
        yield node.arg
    elif isinstance(node, ast.Attribute):
        yield node.attr
    elif isinstance(node, ast.keyword) and node.arg:
        yield node.arg
    elif (
        isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.fullmatch(r"-*[\w-]+", node.value)
    ):
        yield node.value.strip("-").replace("-", "_")


@pytest.mark.parametrize("room", ["src", "reference"])
def test_nothing_outside_of_tests_can_turn_a_fault_on(room: str) -> None:
    files = sorted((ROOT / room).rglob("*.py"))
    broken = [
        f"{path.relative_to(ROOT)} {rule}"
        for path in files
        for rule in switches(path.read_text(encoding="utf-8"))
    ]
    assert files
    assert not broken, "\n".join(broken)


@pytest.mark.parametrize(
    "source",
    [
        "import tests.faults",
        "from tests.faults import Leak",
        "fault_mode = True",
        "def create_app(settings, inject_fault=None): ...",
        "os.environ.get('HOSPITAL_FAULT')",
        "parser.add_argument('--fault-name')",
        "settings.faults_enabled",
    ],
)
def test_a_switch_for_a_fault_is_caught(source: str) -> None:
    assert list(switches(source))


# ── nothing of one machine in a file ──

# Each is written in two pieces, so that this file does not hold what it looks for.
MACHINE = {
    "a path of one machine": re.compile(
        r"(?<![\w.{}\]*/-])/" + r"(?:work|root|home/\w+|Users/\w+|tmp/probe)/"
    ),
    "a package host": re.compile(
        r"python" + r"hosted|pypi" + r"\.org/simple|index" + r"\.docker\.io"
    ),
    "an index option": re.compile(
        r"(?m)--(?:extra-)?index"
        + r"-url[ =]\s*\S|--trusted"
        + r"-host|^\s*(?:extra-)?index"
        + r"-url\s*="
    ),
}
BINARY = frozenset({".png", ".ico", ".pdf", ".woff2"})


def machine_words(text: str) -> Iterator[str]:
    for what, pattern in MACHINE.items():
        yield from (f"{what}: {found.group()!r}" for found in pattern.finditer(text))


def _kept_files() -> list[Path]:
    """What git keeps, or would keep at the next commit."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def test_no_file_knows_one_machine() -> None:
    broken = [
        f"{path.relative_to(ROOT)} holds {found}"
        for path in _kept_files()
        if path.suffix not in BINARY
        for found in machine_words(path.read_text(encoding="utf-8", errors="replace"))
        if not _is_about_paths(path)
    ]
    assert not broken, "\n".join(broken)


def _is_about_paths(path: Path) -> bool:
    """Where such paths are the matter itself: what matches leaked ones, with its tests, and the
    seed's odd file names.
    """
    return (
        path.relative_to(ROOT)
        .as_posix()
        .startswith(
            (
                "src/cutover_gates/hospital/matchers",
                "tests/unit/hospital/test_matchers",
                "reference/seed.py",
            )
        )
    )


@pytest.mark.parametrize(
    "text",
    [
        "cd /" + "work/main",
        "open('/" + "root/x')",
        "see /" + "home/anna/x",
        "x @ https://files.python" + "hosted.org/x.whl",
        "--index" + "-url https://a.example",
        "--extra-index" + "-url=https://a.example",
        "[global]\nindex" + "-url = https://a.example",
        "--trusted" + "-host a.example",
    ],
)
def test_a_machines_words_are_caught(text: str) -> None:
    assert list(machine_words(text))


@pytest.mark.parametrize(
    "text",
    ["--no-emit-index" + "-url --no-header", "reports/" + "work/x", "{tox_root}/" + "root/x"],
)
def test_other_words_are_not(text: str) -> None:
    assert not list(machine_words(text))


def test_there_is_no_lock_file_with_hosts() -> None:
    """`uv.lock` names the index it came from; the constraints file names none."""
    assert not [
        path
        for path in _kept_files()
        if path.name in {"uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock"}
    ]


def test_every_pin_has_a_hash() -> None:
    for name in ("constraints.txt", "tox.txt"):
        pins = re.split(
            r"\n(?=\S)", (ROOT / "requirements" / name).read_text(encoding="utf-8").strip()
        )
        assert pins
        assert not [
            pin.split()[0] for pin in pins if "==" not in pin or "--hash=sha256:" not in pin
        ]


LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")


def test_every_link_leads_somewhere() -> None:
    """A captain at 2 a.m. follows a link once."""
    pages = [path for path in _kept_files() if path.suffix == ".md"]
    astray = [
        f"{path.relative_to(ROOT)} -> {found}"
        for path in pages
        for found in LINK.findall(path.read_text(encoding="utf-8"))
        if not (path.parent / found).exists()
    ]
    assert pages
    assert not astray


# ── the rules that others hold are there ──


def test_import_linter_holds_the_arrows() -> None:
    """The contract names every room of `src/cutover_gates`, and the reference shares no code with
    the suite.
    """
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
        "importlinter"
    ]
    contracts = {
        contract["type"]: contract
        for contract in settings["contracts"]
        if "containers" not in contract  # those are about the inside of one room
    }
    placed = {
        room.strip() for layer in contracts["layers"]["layers"] for room in re.split(r"[:|]", layer)
    }
    rooms = {
        f"cutover_gates.{path.stem}"
        for path in (ROOT / "src/cutover_gates").iterdir()
        if (path / "__init__.py").exists() or path.suffix == ".py"
    }
    assert rooms - {"cutover_gates.__init__"} == placed
    assert set(contracts["independence"]["modules"]) == {"cutover_gates", "reference"}


def test_only_the_plugin_and_the_command_import_pytest() -> None:
    importers = {
        path.relative_to(ROOT / "src/cutover_gates").parts[0]
        for path in (ROOT / "src/cutover_gates").rglob("*.py")
        if _imports(path, "pytest")
    }
    assert importers == {"plugin", "cli"}


def test_locust_gets_into_no_process_but_those_that_make_load() -> None:
    """It makes the sockets of its process its own.

    So what imports it is imported by nobody else: pytest starts it by its name.
    """
    files = {
        ".".join(path.relative_to(ROOT / "src").with_suffix("").parts): _imported(path)
        for path in (ROOT / "src/cutover_gates").rglob("*.py")
    }
    making = {
        name
        for name, taken in files.items()
        if {"locust", "gevent", "geventhttpclient"} & {module.partition(".")[0] for module in taken}
    }
    others = [name for name, taken in files.items() if name not in making and making & taken]
    assert {"cutover_gates.probes.load.worker_main", "cutover_gates.cli.interactive_load"} < making
    assert not others


def _imports(path: Path, package: str) -> bool:
    return any(module.partition(".")[0] == package for module in _imported(path))


def _imported(path: Path) -> set[str]:
    """The modules that a file imports, and what it takes from them, which may be modules."""
    modules = set[str]()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            modules |= {node.module or ""} | {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
    return modules


def test_every_test_is_collected() -> None:
    """A file with tests in it that pytest does not recognise by its name proves nothing, and nobody
    would notice.
    """
    missed = [
        path.relative_to(ROOT).as_posix()
        for path in sorted((ROOT / "tests").rglob("*.py"))
        if not (path.name.startswith("test_") or path.name.endswith("_test.py"))
        and _holds_tests(path)
    ]
    assert not missed


def _holds_tests(path: Path) -> bool:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return any(
        isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test")
        for node in tree.body
    )
