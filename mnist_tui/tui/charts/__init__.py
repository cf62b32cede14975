"""Charts for the dashboard: plain data in, terminal lines out."""

from mnist_tui.tui.charts.chart import Chart
from mnist_tui.tui.charts.series import ChartData, Mark, Series, smooth
from mnist_tui.tui.charts.view import View

__all__ = ["Chart", "ChartData", "Mark", "Series", "View", "smooth"]
