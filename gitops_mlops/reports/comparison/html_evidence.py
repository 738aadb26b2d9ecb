"""The sections of the HTML page that are plots: metrics, slices, curves, confusion matrices."""

from __future__ import annotations

from collections.abc import Sequence

from gitops_mlops.domain.comparison.report import Report
from gitops_mlops.domain.comparison.report_parts import SliceResult
from gitops_mlops.domain.statistics.results import ConfusionMatrix, MetricResult, PlotCurve
from gitops_mlops.reports.comparison.headline import (
    left_out_slices,
    metric_name,
    too_few,
    unjudged_slices,
    worst_slices,
)
from gitops_mlops.reports.comparison.html_parts import (
    TableRow,
    box,
    fold,
    metric_chip,
    paragraph,
    sentence,
    table,
    value,
)
from gitops_mlops.reports.rendering.forest_plot import common_scale, forest_axis, forest_row, own_scales
from gitops_mlops.reports.rendering.line_plot import lines_plot
from gitops_mlops.reports.rendering.markup import Markup, fragment, tag
from gitops_mlops.reports.rendering.mermaid import PLOTS
from gitops_mlops.reports.rendering.numbers import (
    NOTHING,
    between,
    count,
    counted,
    decimals_of,
    fixed,
    level,
    percent,
    signed,
)
from gitops_mlops.reports.rendering.svg import Scale, line

_SLICES_SHOWN = 200
_SLICES_OPEN = 20
_CAPTION = "Champion → challenger, and how much better the challenger is: right of the line, by the interval."


def metrics(report: Report) -> Markup:
    """Each metric for both models, the difference with its interval and margin, and what follows from it."""
    if not report.metrics:
        return paragraph("No metric was computed.")
    named = [(_directed(metric), metric, _note(report, metric)) for metric in report.metrics]
    if all(metric.champion is None for metric in report.metrics):
        return _alone(named)
    scales = own_scales(report.metrics)
    caption = f"{_CAPTION} Each row has a scale of its own; only zero is the same for all."
    axis = forest_axis(next((scale for scale in scales if scale), None), labelled=False)
    return _forests(caption, "Metric", named, scales, axis)


_Named = tuple[Markup, MetricResult, Markup]


def _forests(
    caption: str, header: str, named: Sequence[_Named], scales: Sequence[Scale | None], axis: Markup
) -> Markup:
    levels = sorted({level(metric.ci) for _, metric, _ in named if metric.ci})
    better = f"Better by ({levels[0]} interval)" if len(levels) == 1 else "Better by (interval)"
    methods = {metric.method for _, metric, _ in named if metric.delta is not None}
    shared = (
        fragment([" Interval: ", sentence(methods.pop()), "."]) if len(methods) == 1 and "" not in methods else ""
    )
    rows = [
        TableRow(
            [
                name,
                _values(metric),
                forest_row(metric, scale),
                _difference(metric, with_method=not shared),
                metric_chip(metric.verdict),
            ],
            note,
        )
        for (name, metric, note), scale in zip(named, scales, strict=True)
    ]
    headers = [header, "Champion → challenger", axis, better, "Result"]
    return table(fragment([caption, shared]), headers, rows, "forests")


def _alone(named: Sequence[_Named]) -> Markup:
    rows = []
    for name, metric, note in named:
        decimals, own = decimals_of(metric), metric.challenger_ci
        interval = f"{between(own, decimals)} ({level(own)})" if own else NOTHING
        rows.append(TableRow([name, fixed(metric.challenger, decimals), interval], note))
    return table("Without a champion there are only its own values.", ["Metric", "Value", "Interval"], rows)


def _directed(metric: MetricResult) -> Markup:
    arrow, meaning = ("↑", "more is better") if metric.higher_is_better else ("↓", "less is better")
    mark = tag("span", f"\N{NO-BREAK SPACE}{arrow}", title=meaning)
    return fragment([Markup(metric_name(metric.name, sentence)), mark])


def _values(metric: MetricResult) -> Markup:
    decimals = decimals_of(metric)
    text = f"{fixed(metric.champion, decimals)} → {fixed(metric.challenger, decimals)}"
    return tag("span", text, class_="number")


def _difference(metric: MetricResult, with_method: bool) -> Markup:
    decimals = decimals_of(metric)
    interval = f" ({between(metric.ci, decimals)})" if metric.ci else ""
    margin = f"margin {fixed(metric.margin, decimals)}" if metric.margin else None
    method = metric.method if with_method else ""
    parts = [text for text in (margin, _p_value(metric.p_value), method) if text]
    detail = tag("span", ", ".join(parts), class_="detail") if parts else None
    return fragment([f"{signed(metric.delta, decimals)}{interval}", detail])


def _p_value(p: float | None) -> str | None:
    if p is None:
        return None
    return "p < 0.0001" if p < 0.0001 else f"p = {p:.2g}"


def _note(report: Report, metric: MetricResult) -> Markup:
    parts = [sentence(metric.note)] if metric.note else []
    if metric.verdict == "inconclusive" and metric.delta is not None:
        parts.append(tag("span", too_few(report, metric)))
    return Markup(" ".join(parts))


def slices(report: Report) -> Markup | None:
    """Parts of the rows, the worst first, on one scale for each metric."""
    found = worst_slices(report)
    if not found:
        return paragraph("No metric was computed.") if report.slices else None
    names = list(dict.fromkeys(metric.name for _, metric in found[:_SLICES_SHOWN]))
    parts = [
        _slices_of(name, [pair for pair in found[:_SLICES_SHOWN] if pair[1].name == name], len(names) > 1)
        for name in names
    ]
    if unjudged := unjudged_slices(report, value, sentence):
        parts.append(paragraph(Markup(unjudged)))
    if left_out := left_out_slices(report):
        parts.append(paragraph(left_out))
    if len(found) > _SLICES_SHOWN:
        more = f"report.json has {'more' if left_out else 'all'}."
        parts.append(paragraph(f"The {_SLICES_SHOWN} worst of {count(len(found))} are shown; {more}"))
    return fragment(parts)


def _slices_of(name: str, found: Sequence[tuple[SliceResult, MetricResult]], several: bool) -> Markup:
    scale = common_scale([metric for _, metric in found])
    axis = forest_axis(scale, labelled=True)
    worse = sum(metric.verdict == "regressed" for _, metric in found)
    caption = (
        f"{count(worse)} of {counted(len(found), 'slice')} worse, each taken alone: of many, some look worse by "
    )
    caption += "chance, which the gates allow for. One scale for all."
    named = [(_slice(part), metric, sentence(metric.note) if metric.note else Markup()) for part, metric in found]
    shown, rest = named[:_SLICES_OPEN], named[_SLICES_OPEN:]
    header = "Slice"
    parts = [
        tag("h3", _directed(found[0][1])) if several else paragraph(_directed(found[0][1])),
        _forests(caption, header, shown, [scale] * len(shown), axis),
    ]
    if rest:
        more = _forests(f"The other {counted(len(rest), 'slice')}", header, rest, [scale] * len(rest), axis)
        parts.append(fold(f"The other {counted(len(rest), 'slice')}", more))
    return fragment(parts)


def _slice(part: SliceResult) -> Markup:
    found = "" if part.declared else ", found by search"
    detail = tag("span", f"{counted(part.rows, 'row')}{found}", class_="detail")
    return fragment([value(f"{part.column}={part.value}"), detail])


def curves(report: Report) -> Markup | None:
    """Curves of both models, each with its points as a table."""
    rows, positives = report.evaluation.rows, report.evaluation.positives
    share = positives / rows if positives is not None and 0 < positives <= rows else None
    figures = []
    for index, curve in enumerate(report.curves):
        level = share if curve.name == "precision_recall" else None
        figure = _figure(curve, f"curve-{index}", level)
        figures += [figure] if figure else []
    if not figures:
        return None
    return fragment([_key(report), tag("div", *figures, class_="plots")])


def _key(report: Report) -> Markup:
    names = ["champion", "challenger"] if report.champion else ["challenger"]
    items = [_sample(f"curve {name}", name.capitalize()) for name in names]
    return tag("ul", *items, _sample("reference", "Perfect, or chance"), class_="key")


def _sample(class_: str, text: str) -> Markup:
    drawn = tag("svg", line(0, 6, 40, 6, class_), viewBox="0 0 40 12", aria_hidden="true")
    return tag("li", drawn, text)


def _figure(curve: PlotCurve, identity: str, level: float | None) -> Markup | None:
    title = PLOTS[curve.name].title if curve.name in PLOTS else curve.name
    drawn = lines_plot(curve, identity, title, level)
    if drawn is None:
        return None
    caption = tag("figcaption", title if curve.name in PLOTS else sentence(title))
    points = fold("The points", _points(curve, title), class_="points")
    return tag("figure", caption, drawn, points)


def _points(curve: PlotCurve, title: str) -> Markup:
    plot = PLOTS.get(curve.name)
    x, y = (plot.x, plot.y) if plot else ("x", "y")
    columns: list[tuple[str, Sequence[float | None]]] = []
    for model in ("champion", "challenger"):
        values, places, rows = (getattr(curve, f"{model}{part}") for part in ("", "_x", "_rows"))
        if values:
            columns += [(f"{model}: {x}", places)] if places else []
            columns += [(f"{model}: {y}", values)]
            columns += [(f"{model}: rows", rows)] if rows else []
    lines = [
        TableRow([fixed(at, 3), *(_number(column[i] if i < len(column) else None) for _, column in columns)])
        for i, at in enumerate(curve.x)
    ]
    first = f"{x}, middle of the bin" if curve.challenger_x or curve.champion_x else x
    caption = f"{title}: every point"
    return table(caption, [first, *(name for name, _ in columns)], lines, name=caption)


def _number(number: float | None) -> str:
    return count(number) if isinstance(number, int) else fixed(number, 3)


def confusion(report: Report) -> Markup | None:
    """Who is taken for whom, by each model, shaded by the share of the row."""
    matrix = report.confusion
    if matrix is None:
        return None
    sides = [("Champion", matrix.champion), ("Challenger", matrix.challenger)]
    drawn = [_matrix(name, matrix, counts) for name, counts in sides if counts is not None]
    if any(one is None for one in drawn):
        return paragraph("It does not fit its labels and is not shown.")
    return tag("div", *drawn, class_="plots")


def _matrix(name: str, matrix: ConfusionMatrix, counts: Sequence[Sequence[int]]) -> Markup | None:
    size = len(matrix.labels)
    if not size or len(counts) != size or any(len(row) != size for row in counts):
        return None
    head = [tag("th", "predicted ", value(label, 40), scope="col") for label in matrix.labels]
    body = [
        tag(
            "tr",
            tag("th", "is ", value(matrix.labels[i], 40), scope="row"),
            *(_cell(row[j], sum(row), i == j) for j in range(size)),
        )
        for i, row in enumerate(counts)
    ]
    caption = f"{name}, rows and share of the label"
    made = tag(
        "table",
        tag("caption", caption),
        tag("thead", tag("tr", tag("td"), *head)),
        tag("tbody", *body),
        class_="matrix",
    )
    return box(made, caption)


def _cell(number: int, total: int, right: bool) -> Markup:
    share = number * 1000 // total / 1000 if total > 0 and 0 <= number <= total else None
    shade = "rare" if share is None or share < 0.05 else "right" if right else "wrong"
    shown = tag("span", NOTHING if share is None else percent(share), class_="detail")
    return tag("td", count(number), shown, class_=shade)
