"""Figures and tables of a load run on the page."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import pytest

from cutover_gates.core.plan import Item, Plan
from cutover_gates.core.verdict import Outcome
from cutover_gates.probes.load.load_summary import BINS_PER_DECADE as BINS_OF_THE_COURSE
from cutover_gates.reporting.charts.figures import (
    NO_MATPLOTLIB,
    Figure,
    build_charts,
    render_figures,
)
from cutover_gates.reporting.charts.operation_charts import BINS_PER_DECADE
from cutover_gates.reporting.charts.svg import COLOURS, sanitize_svg
from cutover_gates.reporting.html_report import to_html
from cutover_gates.reporting.load_tables import build_tables
from tests.unit.reporting.sample_verdicts import sample_verdict
from tests.unit.reporting.test_html_page import HOSTILE, Tags

MIB = 2**20
PLAN = Plan(
    tuple(
        Item(name, "Phase 3 / Load", "It is fast", ("phase3",), "check", "smoke")
        for name in ("times", "again")
    )
)
SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1">{}</svg>'


def claim(operation: str, statistic: str, state: str = "holds", **changed: Any) -> dict[str, Any]:
    return {
        "item": "response-times",
        "operation": operation,
        "statistic": statistic,
        "limit": "within 0.5 s",
        "needed": True,
        "state": state,
        "bad": 0,
        "of": 400,
        "share": 0.05,
        "at_most": 0.0086,
        "missing": 0,
    } | changed


def operation(name: str, p95: float = 0.02, **changed: Any) -> dict[str, Any]:
    return {
        "name": name,
        "requests": 400,
        "errors": 0,
        "objective": {"p95": 0.5, "p99": 1.0},
        "p50": [0.008, 0.0075, 0.0085],
        "p95": [p95, p95 * 0.9, p95 * 1.2],
        "p99": [0.7, 0.6, None],
        "distribution": [[0.00794, 300], [0.01, 50], [0.7, 50]],
    } | changed


def series(seconds: int = 60, errors: int = 0) -> list[list[float | None]]:
    """One second without a request, and errors in the tenth."""
    rows: list[list[float | None]] = [
        [at, 80, 0.008, 0.02 + at % 7 / 100, errors if at == 10 else 0]
        for at in range(1, seconds + 1)
    ]
    rows[4:5] = [[5, 0, None, None, 0]]
    return rows


def response_times(*names: str, **changed: Any) -> dict[str, Any]:
    names = names or ("search", "upload")
    return {
        "operations": [operation(name) for name in names],
        "series": series(),
        "ended": "everything is certain",
        "claims": [claim(name, statistic) for name in names for statistic in ("p95", "p99")],
    } | changed


def errors(**changed: Any) -> dict[str, Any]:
    return {
        "claims": [
            claim(
                "all requests",
                "errors",
                "broken",
                bad=40,
                of=4720,
                share=0.001,
                at_most=0.011,
                limit="below 0.1 %",
            )
        ],
        "series": series(errors=40),
        "troubles": {},
    } | changed


def usage(**changed: Any) -> dict[str, Any]:
    return {
        "limits": {
            "cpu_cores": 1.6,
            "memory_bytes": 2048 * MIB,
            "growth_bytes_per_minute": 32 * MIB,
        },
        "cpu_cores": [[at + 0.4, 0.2 + at % 3 / 10] for at in range(54)],
        "memory_bytes": [[at + 0.4, (90 + at) * MIB] for at in range(54)],
        "growth_bytes_per_minute": {
            "slope": 60 * MIB,
            "low": 55 * MIB,
            "high": None,
            "confidence": 0.95,
        },
    } | changed


def pool(**changed: Any) -> dict[str, Any]:
    return {
        "limits": {"pool_share": 0.9, "pool_waiting_share": 0.05, "lock_wait_seconds": 1.0},
        **{
            name: [[at, value] for at in range(54)]
            for name, value in (
                ("pool_in_use", 3.0),
                ("pool_max", 10.0),
                ("pool_waiting", 0.0),
                ("backends", 5),
                ("lock_wait_seconds", 0.0),
            )
        },
    } | changed


EVERYTHING: tuple[dict[str, Any], ...] = (response_times(), errors(), usage(), pool())


def drawn(facts: dict[str, Any]) -> list[Figure]:
    made, note = render_figures(facts)
    assert note == ""
    return made


def numbers(text: str) -> list[str]:
    """Return the numbers of a sentence, without the names of percentiles."""
    return re.findall(r"(?<![\w.])\d[\d,.]*\d|(?<![\w.])\d", text)


def page(*observed: dict[str, Any]) -> str:
    """Of two checks that saw the same."""
    evidence = [{"kind": "observation", "title": "seen", "facts": facts} for facts in observed]
    return to_html(sample_verdict(evidence=evidence, plan=PLAN))


def test_each_question_has_its_figures() -> None:
    """Times over time and by operation; errors; CPU and memory; pool and database.

    Each has its units and its limits.
    """
    shown = {figure.caption: figure.svg for facts in EVERYTHING for figure in drawn(facts)}
    wanted = {
        "Response times over time, all operations together": (
            "p50",
            "p95",
            "ms",
            "errors",
            "strictest p95 objective, 500 ms",
        ),
        "Distribution of response times by operation": (
            "search",
            "upload",
            "% of requests",
            "response time, ms (logarithmic)",
            "p95 objective",
        ),
        "Errors over time": (
            "errors",
            "% of requests",
            "limit, 0.1 %",
            "seconds since the start of the run",
        ),
        "CPU and memory over time": (
            "processors",
            "MiB",
            "limit of the average 1.6",
            "limit 2,048",
            "limit, 32 MiB a minute",
        ),
        "Connections over time": (
            "connections",
            "limit 9",
            "pool size 10",
            "Database: connections taken",
            "limit 1",
        ),
    }
    assert shown.keys() == wanted.keys()
    for caption, texts in wanted.items():
        told = re.findall(r"<text[^>]*>([^<]*)</text>", shown[caption])
        assert set(texts) <= set(told), caption


def test_limits_are_lines_that_differ_in_black_and_white() -> None:
    """Each is dashed; where there are two, their dashes differ."""
    _, distribution = drawn(response_times())
    dashes = set(
        re.findall(r'stroke="var\(--bad\)"[^>]*stroke-dasharray="([^"]+)"', distribution.svg)
    )
    assert len(dashes) == 2
    (connections,) = drawn(pool())
    across = re.findall(
        r'<path d="M[\d.]+ ([\d.]+)H[\d.]+" fill="none" stroke="var\(--bad\)"', connections.svg
    )
    assert len(across) == len(set(across)) == 3, (
        "the pool's limit, its size, and the limit of waits"
    )


def test_a_finding_says_in_words_what_is_seen() -> None:
    """Also to those who see no picture: it names what is wrong."""
    times, distribution = drawn(
        response_times(
            operations=[operation("search"), operation("upload", p95=0.61)], series=series(errors=3)
        )
    )
    p50, p95 = ["8"], ["20", "80"]
    above, failed = ["500", "0", "59"], ["3", "4,720", "10", "10"]
    assert numbers(times.finding) == [*p50, *p95, *above, *failed]
    assert "upload" in distribution.finding
    assert "search" not in distribution.finding
    assert numbers(distribution.finding) == ["610", "500"]
    assert (
        f'role="img" aria-label="{distribution.caption}. {distribution.finding}"'
        in distribution.svg
    )
    slope, confidence, low, limit = "60", "95", "55", "32"
    assert numbers(drawn(usage())[0].finding)[-4:] == [slope, confidence, low, limit]


def test_the_same_verdict_gives_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever else matplotlib was told in this process."""
    import matplotlib as mpl

    from cutover_gates.reporting.charts import rendering

    first = page(*EVERYTHING)
    monkeypatch.setitem(mpl.rcParams, "axes.titlepad", 30.0)
    rendering.render_svg.cache_clear()
    assert page(*EVERYTHING) == first
    assert mpl.rcParams["axes.titlepad"] == 30.0


def test_the_page_with_figures_keeps_its_policy() -> None:
    """No style attribute, script, link or handler; no id that could stand there twice, though two
    checks show the same.
    """
    whole = page(*EVERYTHING)
    tags = Tags(whole)
    assert whole.count('<svg class="plot"') == 10, "five figures for each of two checks"
    assert {tag for tag, _ in tags.found} & {
        "script",
        "image",
        "use",
        "a",
        "foreignobject",
        "style",
        "link",
    } == {"style"}
    assert whole.count("<style>") == 1
    assert not [
        name
        for _, attributes in tags.found
        for name in attributes
        if name in ("style", "xlink:href", "src") or name.startswith("on")
    ]
    ids = [attributes["id"] for _, attributes in tags.found if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert not [
        text
        for text in re.findall(r"<svg.*?</svg>", whole, re.DOTALL)
        if "url(" in text or " id=" in text or "#" in text
    ]


def test_the_figures_take_the_colours_of_the_page() -> None:
    """So they are seen in the dark scheme, and on paper."""
    whole = page(*EVERYTHING)
    assert set(re.findall(r'(?:fill|stroke)="([^"]*)"', whole)) <= {
        f"var(--{name})" for name in COLOURS
    } | {"none"}
    for name, colour in COLOURS.items():
        assert f"--{name}: {colour};" in whole, "the stylesheet's light scheme"


def test_hostile_names_stay_text() -> None:
    """An operation may be called anything; nothing of it becomes a tag or a formula."""
    name = f"{HOSTILE}$x^2$\x1b\x00"
    made = drawn(response_times(name))
    assert len(made) == 2
    assert "$x^2$" in made[1].svg
    assert not {"script", "img"} & {tag for tag, _ in Tags(page(response_times(name))).found}


@pytest.mark.parametrize(
    "odd",
    [
        None,
        "x",
        7,
        True,
        [],
        {},
        {"a": 1},
        [1],
        [[1]],
        [["a", "b"]],
        [{}],
        [None, None],
        [[1, float("nan")], [2, 3]],
        [[1, 1e300], [2, 3]],
        [[1, True], [2, 1]],
        [[1, 10**400], [2, 3]],
        [[1, -5, -5, -5, -5], [1, -5, -5, -5, -5]],
        [[1, 1], [1, 1]],
        [{"name": "x", "distribution": [[0.0, 1]]}],
        [{"name": "x", "distribution": [[1e-300, 1], [1, 2]], "requests": "many", "objective": 3}],
    ],
)
def test_malformed_facts_never_cost_the_page(odd: Any) -> None:
    """They give no figure, and are shown as they are."""
    in_use = {
        name: value
        for name, value in pool().items()
        if name in ("limits", "pool_in_use", "pool_max")
    }
    for facts in (response_times("search"), errors(), usage(), in_use):
        for name in facts:
            assert page(facts | {name: odd})
    assert page(
        {
            "title": odd,
            "series": odd,
            "operations": odd,
            "claims": odd,
            "limits": odd,
            "cpu_cores": odd,
            "pool_in_use": odd,
        }
    )


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"series": [[1, 2]]},
        {"operations": [], "series": []},
        {"requests": 12000, "p95_ms": 3},
        {"cpu_cores": [], "memory_bytes": [[0.9, 93220864.0]]},
    ],
)
def test_other_facts_give_no_figure(facts: dict[str, Any]) -> None:
    """An observation of another kind is no load run, and one point is no course."""
    assert render_figures(facts) == ([], "")
    assert build_tables(facts) == []


def test_a_figure_stays_small() -> None:
    """Below 40 KB, also of an hour and of twenty operations whose times go from 0.3 ms to 30 s; and
    the worst second is still in it.
    """
    rows = series(3600)
    rows[1234] = [1235, 80, 0.9, 9.9, 7]
    wide = [[10 ** (number / BINS_PER_DECADE), 1 + number % 9] for number in range(-70, 30)]
    operations = [operation(f"operation {number}", distribution=wide) for number in range(20)]
    made = drawn(response_times(operations=operations, series=rows)) + drawn(
        pool(
            **{
                name: [[at, at % 10] for at in range(3600)]
                for name in ("pool_in_use", "pool_waiting", "backends", "lock_wait_seconds")
            }
        )
    )
    assert len(made) == 1 + 2 + 1
    assert max(len(figure.svg.encode()) for figure in made) < 40_000
    times, *_ = build_charts(response_times(series=rows))
    assert times.across == "seconds since the start of the run (each point is the highest of 12)"
    assert max(value for _, value in times.panels[0].curves[0].points) == 9900


def test_a_gap_is_not_drawn_over() -> None:
    """Where nobody looked, there is no line."""
    held = [[at, 0.5] for at in range(50) if not 20 <= at < 30]
    (whole,), (broken,) = (
        drawn(usage(memory_bytes=[])),
        drawn(usage(memory_bytes=[], cpu_cores=held)),
    )
    pieces = [
        max(
            path.count("M")
            for path in re.findall(r'<path d="([^"]*)"[^>]*stroke="var\(--ink\)"', figure.svg)
        )
        for figure in (whole, broken)
    ]
    assert pieces == [1, 2]


def test_what_is_drawn_is_not_also_read_out() -> None:
    """The long series are in `verdict.json`; the other facts stand as before."""
    whole = page(response_times())
    assert "<dt>series</dt><dd>60 entries, in verdict.json</dd>" in whole
    assert "<dt>claims</dt><dd>4 entries, in verdict.json</dd>" in whole
    assert "<dt>ended</dt><dd>everything is certain</dd>" in whole


def test_without_matplotlib_the_page_shows_the_figures_as_text(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With one sentence that says what is missing. The table is there."""
    monkeypatch.delitem(sys.modules, "cutover_gates.reporting.charts.rendering", raising=False)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    whole = page(response_times(series=series(3)))
    assert "<svg" not in whole
    assert NO_MATPLOTLIB in whole
    assert "<dt>series</dt><dd>[[1, 80, 0.008, 0.03, 0]" in whole
    assert '<th scope="row">search</th>' in whole


def test_matplotlib_comes_with_the_first_figure() -> None:
    """A gate starts without it, and so does a page that has none to draw."""
    probe = (
        "import sys; from tests.unit.reporting.sample_verdicts import sample_verdict;"
        " from cutover_gates.reporting.html_report import to_html; to_html(sample_verdict());"
        " assert not {'matplotlib', 'numpy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", probe], check=True, timeout=30)


def test_svg_lets_nothing_through_that_it_does_not_know() -> None:
    """Tags, colours and attributes are those of a short list."""
    for inside in (
        "<script>1</script>",
        "<use/>",
        "<image/>",
        "<text><tspan>1</tspan></text>",
        '<path style="fill: #123456"/>',
        '<g transform="scale(2)"/>',
    ):
        with pytest.raises(ValueError, match=r"may not stand|none of the page's"):
            sanitize_svg(SVG.format(inside), "")
    kept = sanitize_svg(
        SVG.format(
            '<path d="M 0.123 -0.01" onclick="x" id="y" clip-path="url(#c)" style="stroke: #0550ae;'
            ' opacity: 1"/>'
        ),
        'a"b',
    )
    assert (
        kept
        == '<svg class="plot" role="img" aria-label="a&quot;b" viewBox="0 0 1 1"><path d="M0.1 0"'
        ' stroke="var(--link)"></path>\n</svg>'
    )


def test_bins_are_as_wide_as_they_were_counted() -> None:
    """The number stands twice, for one side brings numpy and the other must not."""
    assert BINS_PER_DECADE == BINS_OF_THE_COURSE


# ── tables ──


def test_a_table_says_of_each_operation_what_is_certain() -> None:
    """Times in ms with their bounds; what is broken before what is open."""
    (table,) = build_tables(
        response_times(
            operations=[
                operation("search"),
                operation("upload"),
                operation("admit"),
                operation("content"),
            ],
            claims=[
                claim("search", "p95"),
                claim("upload", "p95", "broken"),
                claim("upload", "p99", "open", missing=90),
                claim("admit", "p95"),
                claim("admit", "p99", "open", missing=1372),
                claim("content", "p95", "open", missing=None),
            ],
        )
    )
    assert table.rows[0] == (
        "search",
        "400",
        "0",
        "8.0 (7.5–8.5)",
        "20.0 (18.0–24.0)",
        "700 (600–?)",
        "p95 500, p99 1,000",
        "yes",
    )
    assert [row[-1] for row in table.rows[1:]] == [
        "MISSED: p95",
        "no: p99, about 1,372 more requests needed",
        "no, too near to the limit",
    ]


def test_errors_and_ratios_have_their_tables() -> None:
    """Of one operation alone there are too few requests to prove a low rate: none is asked for."""
    (failed,) = build_tables(
        errors(
            claims=[
                *errors()["claims"],
                claim("search", "errors", "open", needed=False, share=0.001),
            ]
        )
    )
    assert failed.rows[0] == (
        "all requests",
        "40",
        "4,720",
        "0.847 %",
        "1.1 %",
        "below 0.1 %",
        "MISSED",
    )
    assert failed.rows[1][-1] == "no excess seen"
    (ratios,) = build_tables(
        {
            "claims": [
                claim("search", "ratio", limit="at most 2 times"),
                claim("search", "p99 ratio", "open", needed=False, limit="at most 3 times"),
            ],
            "ratios": {"search": [1.04, 0.98, None]},
            "tail_ratios": {"search p99": [1.2, 0.9, 1.6]},
        }
    )
    assert ratios.rows == (
        ("search", "p50", "1.04 (0.98–?)", "at most 2 times", "yes"),
        ("search", "p99", "1.20 (0.90–1.60)", "at most 3 times", "no excess seen"),
    )


def test_a_table_shows_on_the_page_of_a_failed_check() -> None:
    """Open, for what must be seen needs no click."""
    whole = to_html(
        sample_verdict(
            {"patients": Outcome.FAILED},
            evidence=[
                {"kind": "observation", "title": "response times", "facts": response_times()}
            ],
        )
    )
    assert '<details class="exhibit" open>' in whole
    assert "<caption>Response times in ms" in whole
