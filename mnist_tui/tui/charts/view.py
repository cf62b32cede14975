"""The part of a chart that is in view, and its y axis: what zooming and panning change."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mnist_tui.tui.charts.series import ChartData

Window = tuple[float, float]

FEWEST_STEPS = 4
"""Zooming in ends where this many steps between neighboring values are left."""

ROOM = 0.125
"""Share of a view that is empty after it has moved along with the newest value."""


@dataclass(frozen=True)
class View:
    """An x window and a kind of y axis. Each change makes a new view."""

    window: Window | None = None
    """None is the full range of the data, however it grows."""
    is_log: bool = False
    has_outliers: bool = False
    """Whether the y axis reaches to single values far from all others."""

    @property
    def everything(self) -> View:
        """All of x and y; what was all already gets the y axis without outliers back."""
        return View(None, self.is_log, self.window is not None or not self.has_outliers)

    def shown(self, data: ChartData) -> ChartData:
        """Return what of `data` is drawn: a logarithmic axis shows accuracies as errors."""
        return data.errors if self.is_log and data.y_format == "percent" else data

    def range_of(self, data: ChartData) -> Window:
        """Return the x range to draw."""
        return self.window or data.full_range

    def zoomed(self, factor: float, data: ChartData, anchor: float | None = None) -> View:
        """Return the view with `factor` times the span, `anchor` staying where it is.

        Without an anchor, a closer view ends at the newest value.
        """
        lo, hi = self.range_of(data)
        full_lo, full_hi = data.full_range
        span = max((hi - lo) * factor, min(hi - lo, FEWEST_STEPS * data.spacing))
        if span >= full_hi - full_lo:
            return replace(self, window=None)
        if anchor is None:
            newest = data.last_x
            end = hi if newest is None or factor > 1 else min(hi, newest)
            return self._at(end - span, span, data)
        share = (anchor - lo) / (hi - lo) if hi > lo else 0.5
        return self._at(anchor - share * span, span, data)

    def panned(self, share: float, data: ChartData) -> View:
        """Return the view moved by `share` of its span; the full view stays."""
        if self.window is None:
            return self
        lo, hi = self.window
        return self._at(lo + share * (hi - lo), hi - lo, data)

    def showing(self, x: float, data: ChartData) -> View:
        """Return the view moved as little as brings `x` into it."""
        if self.window is None or self.window[0] <= x <= self.window[1]:
            return self
        lo, hi = self.window
        return self._at(x if x < lo else lo + x - hi, hi - lo, data)

    def following(self, old: ChartData, new: ChartData) -> View:
        """Return the view for `new` data: it moves along if the newest value was in view."""
        if self.window is None:
            return self
        lo, hi = self.window
        span = hi - lo
        before, after = old.last_x, new.last_x
        if before is not None and after is not None and lo <= before <= hi < after:
            # In few large steps: between them only what is new is drawn and sent.
            lo += after - hi + span * ROOM
        return self._at(lo, span, new)

    def _at(self, lo: float, span: float, data: ChartData) -> View:
        """Return the view from `lo`, kept inside the full range."""
        full_lo, full_hi = data.full_range
        if span >= full_hi - full_lo:
            return replace(self, window=None)
        lo = min(max(lo, full_lo), full_hi - span)
        return replace(self, window=(lo, lo + span))
