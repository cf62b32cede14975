"""The styles: each one belongs to a widget that there is."""

import pkgutil
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from textual.app import App
from textual.css.model import SelectorType
from textual.css.stylesheet import Stylesheet
from textual.dom import DOMNode

from mnist_tui import tui
from mnist_tui.tui.themes import DARK, curve_colors


def kinds_of(parent: type[Any]) -> Iterator[type[Any]]:
    """All classes below one."""
    for kind in parent.__subclasses__():
        yield kind
        yield from kinds_of(kind)


def test_every_style_names_a_widget_that_there_is() -> None:
    for module in pkgutil.walk_packages(tui.__path__, f"{tui.__name__}."):
        import_module(module.name)
    kinds = list(kinds_of(DOMNode))
    sheet = Stylesheet(variables={**App[None]().get_css_variables(), **curve_colors(DARK)})
    sheet.add_source((Path(tui.__path__[0]) / "app.tcss").read_text(), ("app.tcss", ""))
    for kind in kinds:
        if kind.__module__.startswith(tui.__name__):
            sheet.add_source(vars(kind).get("DEFAULT_CSS", ""), (kind.__name__, ""))
    named = {
        selector.name
        for rules in sheet.rules
        for selectors in rules.selector_set
        for selector in selectors.selectors
        if selector.type is SelectorType.TYPE
    }
    assert "FollowList" in named
    assert named - {kind.__name__ for kind in kinds} == set()
