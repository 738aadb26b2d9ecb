"""HTML and SVG that cannot be broken by what stands in it: elements are built, and text is escaped on its way in."""

from __future__ import annotations

from collections.abc import Iterable

from gitops_mlops.reports.rendering.escape import html

# Elements that have no end.
_VOID = frozenset({"br", "col", "meta"})


class Markup(str):
    """Finished markup: what `tag` and `fragment` return. Every other string is text, and is escaped."""

    __slots__ = ()


Attribute = str | float | bool | None


def tag(name: str, /, *children: str | None, **attributes: Attribute) -> Markup:
    """An element: `tag("td", name, class_="name")`.

    Children that are no Markup are text; None is nothing. An attribute's underscores become dashes, one at the end
    falls; None and False leave it out, True writes it without a value, numbers get two decimals at most.
    """
    start = f"<{name}{''.join(_attribute(key, value) for key, value in attributes.items())}>"
    return Markup(start if name in _VOID else f"{start}{fragment(children)}</{name}>")


def fragment(parts: Iterable[str | None]) -> Markup:
    """Several parts in a row; those that are no Markup are text."""
    return Markup("".join(part if isinstance(part, Markup) else html(part) for part in parts if part is not None))


def _attribute(key: str, value: Attribute) -> str:
    if value is None or value is False:
        return ""
    name = key.removesuffix("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{html(_text(value))}"'


def _text(value: str | float) -> str:
    if isinstance(value, float):
        return f"{value:.2f}".rstrip("0").rstrip(".")
    return str(value)
