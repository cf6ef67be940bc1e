"""Measure the form of the code: names, sizes, imports, prose.

`python -m benchmarks.house` prints the figures; `--root DIR` measures another checkout, such as an
older one. `tests/unit/repository/test_code_rules.py` holds the limits.
"""

from __future__ import annotations

import argparse
import ast
import io
import re
import statistics
import tokenize
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

PREPOSITIONS = frozenset(
    [
        "about",
        "above",
        "after",
        "against",
        "and",
        "as",
        "at",
        "before",
        "below",
        "beside",
        "between",
        "by",
        "for",
        "from",
        "in",
        "into",
        "like",
        "of",
        "off",
        "on",
        "onto",
        "or",
        "out",
        "over",
        "per",
        "since",
        "than",
        "through",
        "to",
        "under",
        "until",
        "up",
        "with",
        "within",
        "without",
    ]
)
"""Words after which a function's name only says more closely what is meant."""
IRREGULAR = frozenset(
    [
        "begun",
        "bound",
        "broken",
        "brought",
        "built",
        "bought",
        "caught",
        "chosen",
        "come",
        "cut",
        "dealt",
        "done",
        "drawn",
        "driven",
        "fallen",
        "felt",
        "found",
        "frozen",
        "given",
        "gone",
        "grown",
        "heard",
        "held",
        "hidden",
        "kept",
        "known",
        "laid",
        "learnt",
        "led",
        "left",
        "lent",
        "lost",
        "made",
        "meant",
        "met",
        "paid",
        "proven",
        "run",
        "said",
        "seen",
        "sent",
        "set",
        "shown",
        "spoken",
        "spent",
        "stood",
        "stuck",
        "sworn",
        "taken",
        "taught",
        "thought",
        "thrown",
        "told",
        "torn",
        "understood",
        "withdrawn",
        "won",
        "worn",
        "written",
        "wrong",
    ]
)
"""Participles without `-ed`.

Of a word that is also a plain verb (`cut`, `run`, `set`, `come`), only a name that begins with
another word counts.
"""
ALSO_VERBS = frozenset({"come", "cut", "run", "set", "left", "found", "bound"})
NOUNS = frozenset(
    [
        "bed",
        "binding",
        "building",
        "embed",
        "encoding",
        "exceed",
        "feed",
        "finding",
        "heading",
        "listing",
        "mapping",
        "meaning",
        "need",
        "padding",
        "ping",
        "proceed",
        "reading",
        "red",
        "ring",
        "seed",
        "setting",
        "shed",
        "speed",
        "string",
        "testing",
        "thing",
        "timing",
        "warning",
        "succeed",
        "rating",
        "spring",
    ]
)
"""Nouns and verbs that only look like participles."""
LAYERS = (
    ("core", "util"),
    ("config",),
    ("hospital",),
    ("drivers",),
    ("probes",),
    ("targets",),
    ("reporting",),
    ("watch",),
    ("plugin",),
    ("cli",),
)
"""Rooms of the package, left to right: a room imports only rooms to its left and itself."""
REPEATABLE = frozenset({"__init__", "model", "rules", "assessments", "client", "fixtures"})
"""Module names that may occur more than once within a room."""
RIDDLE_WORDS = frozenset({"what", "whether", "where", "how", "why", "who", "whoever", "whatever"})
SENTENCE_WORDS = 5
"""Words from which on a text in a test counts as a sentence."""


@dataclass(frozen=True)
class Module:
    """One module of the package: its dotted name, text and syntax tree."""

    name: str
    path: Path
    text: str
    tree: ast.Module

    @cached_property
    def lines(self) -> int:
        """The number of lines."""
        return len(self.text.splitlines())


@dataclass(frozen=True)
class Import:
    """One import between modules of the package; `inside` a function, or only for types."""

    importer: str
    imported: str
    inside: bool
    for_types: bool


def load_modules(root: Path, package: str) -> list[Module]:
    """Return every module of `package` below `root/src`, sorted by name."""
    modules = []
    for path in sorted((root / "src" / package).rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        parts = path.relative_to(root / "src").with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        modules.append(Module(name, path, text, ast.parse(text)))
    return modules


# ── names ──


def is_participle(name: str) -> bool:
    """Return whether a function is named by a participle.

    Examples: `told`, `seen_in`, `missing`, `_not_kept`. The head word decides: the last word before
    a preposition. `is_…` and `has_…` are questions.
    """
    words = [word for word in name.lower().strip("_").split("_") if word]
    if not words or words[0] in ("is", "has", "are", "can", "may", "test", "pytest"):
        return False
    head = words[0]
    for word in words:
        if word in PREPOSITIONS:
            break
        head = word
    if head in NOUNS:
        return False
    if head in ALSO_VERBS:
        return len(words) > 1 and head != words[0]
    return head in IRREGULAR or head.endswith(("ed", "ing"))


def find_functions(modules: Sequence[Module]) -> list[tuple[str, ast.FunctionDef]]:
    """Return (module, function) for each function and method, without dunder methods."""
    return [
        (module.name, node)
        for module in modules
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("__")
    ]


def find_repeated_classes(modules: Sequence[Module]) -> dict[str, list[str]]:
    """Return the public classes whose name stands in more than one place, with their modules."""
    places: dict[str, list[str]] = {}
    for module in modules:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places.setdefault(node.name, []).append(module.name)
    return {name: where for name, where in places.items() if len(where) > 1}


def count_public_classes(modules: Sequence[Module]) -> int:
    """Return the number of different public class names."""
    return len(
        {
            node.name
            for module in modules
            for node in ast.walk(module.tree)
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
        }
    )


def find_repeated_modules(modules: Sequence[Module]) -> dict[str, list[str]]:
    """Return module names that occur more than once within a top-level room."""
    places: dict[str, list[str]] = {}
    for module in modules:
        parts = module.name.split(".")
        if module.path.stem not in REPEATABLE and len(parts) > 2:
            places.setdefault(f"{parts[1]}/{module.path.stem}", []).append(module.name)
    return {name: where for name, where in places.items() if len(where) > 1}


# ── imports ──


def find_imports(modules: Sequence[Module]) -> list[Import]:
    """Return the imports between the modules, resolved to the module that is loaded."""
    names = {module.name for module in modules}
    return [found for module in modules for found in _imports_of(module, names)]


def _imports_of(module: Module, names: set[str]) -> Iterator[Import]:
    top_level = {id(node) for node in module.tree.body}
    typing_only = {
        id(node)
        for block in module.tree.body
        if isinstance(block, ast.If) and "TYPE_CHECKING" in ast.unparse(block.test)
        for node in ast.walk(block)
    }
    for node in ast.walk(module.tree):
        for imported in _imported_names(node, names):
            if imported != module.name:
                for_types = id(node) in typing_only
                inside = id(node) not in top_level and not for_types
                yield Import(module.name, imported, inside, for_types)


def _imported_names(node: ast.AST, names: set[str]) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names if alias.name in names)
    elif isinstance(node, ast.ImportFrom) and node.module:
        for alias in node.names:
            whole = f"{node.module}.{alias.name}"
            found = whole if whole in names else node.module
            if found in names:
                yield found


def find_circles(imports: Sequence[Import]) -> list[list[str]]:
    """Return the groups of modules that import each other, lazily and for types included."""
    edges: dict[str, set[str]] = {}
    for found in imports:
        edges.setdefault(found.importer, set()).add(found.imported)
    return [sorted(group) for group in _find_connected_groups(edges) if len(group) > 1]


def _find_connected_groups(edges: Mapping[str, set[str]]) -> list[list[str]]:
    """Return the groups of names that lead to each other. A name alone is a group too.

    Tarjan's algorithm; recursion is as deep as the longest chain of imports.
    """
    order: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    groups: list[list[str]] = []

    def visit(name: str) -> None:
        order[name] = lowest[name] = len(order)
        stack.append(name)
        for other in edges.get(name, ()):
            if other not in order:
                visit(other)
                lowest[name] = min(lowest[name], lowest[other])
            elif other in stack:
                lowest[name] = min(lowest[name], order[other])
        if lowest[name] == order[name]:
            groups.append(stack[stack.index(name) :])
            del stack[stack.index(name) :]

    for name in sorted({*edges, *(other for others in edges.values() for other in others)}):
        if name not in order:
            visit(name)
    return groups


def find_arrows_up(imports: Sequence[Import]) -> list[Import]:
    """Return the imports of a room further right, and those between two packages of `probes`."""
    rank = {room: number for number, rooms in enumerate(LAYERS) for room in rooms}
    return [found for found in imports if _runs_up(found, rank)]


def _runs_up(found: Import, rank: dict[str, int]) -> bool:
    importer, imported = found.importer.split("."), found.imported.split(".")
    if len(importer) < 2 or len(imported) < 2:
        return False
    if importer[1] == imported[1] == "probes":
        return len(importer) > 2 and len(imported) > 2 and importer[2] != imported[2]
    if importer[1] not in rank or imported[1] not in rank:
        return False
    return rank[importer[1]] < rank[imported[1]]


def count_single_importers(modules: Sequence[Module], imports: Sequence[Import]) -> int:
    """Return how many modules have exactly one importer."""
    importers: dict[str, set[str]] = {}
    for found in imports:
        importers.setdefault(found.imported, set()).add(found.importer)
    names = {module.name for module in modules}
    return sum(len(where) == 1 for name, where in importers.items() if name in names)


# ── prose and shape ──


def count_comments(module: Module) -> int:
    """Return the number of lines with a comment that is no directive."""
    tokens = tokenize.generate_tokens(io.StringIO(module.text).readline)
    return sum(
        token.type == tokenize.COMMENT and not re.match(r"#\s*(type:|noqa|!)", token.string)
        for token in tokens
    )


def count_nodes(modules: Sequence[Module], *kinds: type[ast.AST]) -> int:
    """Return how many nodes of these kinds the modules have."""
    return sum(isinstance(node, kinds) for module in modules for node in ast.walk(module.tree))


COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def count_nested_comprehensions(modules: Sequence[Module]) -> int:
    """Return how many comprehensions stand inside another one."""
    return sum(
        isinstance(inner, COMPREHENSIONS) and inner is not node
        for module in modules
        for node in ast.walk(module.tree)
        if isinstance(node, COMPREHENSIONS)
        for inner in ast.walk(node)
    )


def count_untyped_mappings(modules: Sequence[Module]) -> int:
    """Return how often `dict[str, Any]` or `Mapping[str, Any]` stands in the package."""
    return sum(len(re.findall(r"\[str, Any\]", module.text)) for module in modules)


def find_docstrings(modules: Sequence[Module]) -> list[str]:
    """Return the docstrings of modules, classes and functions."""
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef)
    nodes = [
        node for module in modules for node in ast.walk(module.tree) if isinstance(node, kinds)
    ]
    return [text for node in nodes if (text := ast.get_docstring(node))]


def count_sentences_in_tests(root: Path) -> int:
    """Return how many texts of `SENTENCE_WORDS` words or more the tests assert, match or list."""
    return sum(
        _count_sentences(ast.parse(path.read_text(encoding="utf-8")))
        for path in sorted((root / "tests").rglob("test_*.py"))
    )


def _count_sentences(tree: ast.Module) -> int:
    places = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Assert)
        or (isinstance(node, ast.keyword) and node.arg == "match")
        or (isinstance(node, ast.Call) and ast.unparse(node.func).endswith("parametrize"))
    ]
    texts = {
        id(part): part.value
        for place in places
        for part in ast.walk(place)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    }
    return sum(len(text.split()) >= SENTENCE_WORDS for text in texts.values())


# ── the table ──


def measure(root: Path, package: str) -> dict[str, str]:
    """Return each figure by its name, as it is printed."""
    modules = load_modules(root, package)
    imports = find_imports(modules)
    sizes = [module.lines for module in modules if module.path.stem != "__init__"]
    lines = sum(module.lines for module in modules)
    functions = find_functions(modules)
    participles = sum(is_participle(node.name) for _, node in functions)
    docstrings = find_docstrings(modules)
    riddles = sum(text.split()[0].lower() in RIDDLE_WORDS for text in docstrings)
    lengths = [(node.end_lineno or 0) - node.lineno + 1 for _, node in functions]
    too_long = sum(len(line) > 100 for module in modules for line in module.text.splitlines())
    return {
        "modules (without __init__)": str(len(sizes)),
        "lines": str(lines),
        "lines of a module, median": f"{statistics.median(sizes):.0f}",
        "lines of a module, greatest": str(max(sizes)),
        "modules above 220 lines": str(sum(size > 220 for size in sizes)),
        "modules with exactly one importer": str(count_single_importers(modules, imports)),
        "public class names": str(count_public_classes(modules)),
        "public class names used twice or more": str(len(find_repeated_classes(modules))),
        "module names used twice within a room": str(len(find_repeated_modules(modules))),
        "functions": str(len(functions)),
        "functions named by a participle": f"{100 * participles / len(functions):.1f} %",
        "functions above 15 lines": f"{100 * sum(n > 15 for n in lengths) / len(lengths):.1f} %",
        "comments per 100 lines": f"{100 * sum(map(count_comments, modules)) / lines:.1f}",
        "lines above 100 columns": f"{100 * too_long / lines:.1f} %",
        "conditional expressions per 1,000 lines": (
            f"{1000 * count_nodes(modules, ast.IfExp) / lines:.1f}"
        ),
        "comprehensions per 1,000 lines": (
            f"{1000 * count_nodes(modules, *COMPREHENSIONS) / lines:.1f}"
        ),
        "nested comprehensions": str(count_nested_comprehensions(modules)),
        "mappings of str to Any": str(count_untyped_mappings(modules)),
        "groups of modules that import each other": str(len(find_circles(imports))),
        "imports that run up": str(len(find_arrows_up(imports))),
        "imports inside functions": str(sum(found.inside for found in imports)),
        "docstrings that begin with What, Whether, Where, How, Why, Who": (
            f"{100 * riddles / len(docstrings):.1f} %"
        ),
        "sentences that tests assert": str(count_sentences_in_tests(root)),
    }


def main() -> None:
    """Print the figures of one checkout."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m benchmarks.house")
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent)
    parser.add_argument("--package", default="cutover_gates")
    parser.add_argument("--list", action="store_true", help="also name what is repeated or runs up")
    arguments = parser.parse_args()
    for name, figure in measure(arguments.root, arguments.package).items():
        print(f"{figure:>8}  {name}")
    if arguments.list:
        _print_details(load_modules(arguments.root, arguments.package))


def _print_details(modules: Sequence[Module]) -> None:
    imports = find_imports(modules)
    for name, where in {**find_repeated_classes(modules), **find_repeated_modules(modules)}.items():
        print(f"twice: {name}: {', '.join(where)}")
    for circle in find_circles(imports):
        print(f"circle: {', '.join(circle)}")
    for found in find_arrows_up(imports):
        print(f"runs up: {found.importer} -> {found.imported}")
    for module in modules:
        if module.lines > 220:
            print(f"too long: {module.name}: {module.lines}")
    names = Counter(node.name for _, node in find_functions(modules) if is_participle(node.name))
    for name, count in names.most_common():
        print(f"participle: {name} x {count}")


if __name__ == "__main__":
    main()
