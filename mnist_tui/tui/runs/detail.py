"""What is known of the run under the cursor."""

from mnist_tui import formatting
from mnist_tui.store.catalog import RunSummary
from mnist_tui.tui.text.fitting import fit, shorten
from mnist_tui.tui.widgets.lines import Line, Lines, Shown


class RunDetail(Lines):
    """Three lines: the run's results, its settings, and what the user has written of it."""

    DEFAULT_CSS = """
    RunDetail { height: 3; padding: 0 1; background: $surface; }
    """
    run: Shown[RunSummary | None] = Shown(None)
    nothing: Shown[str] = Shown("")
    """What to say where there is no run."""

    def lines(self, width: int, height: int) -> list[Line]:
        run = self.run
        if run is None:
            return [[(self.nothing, "muted")]]
        results = [
            run.state,
            f"epoch {run.epochs_done} of {run.epochs}",
            f"best {formatting.percent(run.best_val_accuracy)} in epoch {run.best_epoch}"
            if run.best_epoch is not None
            else "no epoch yet",
            f"validation loss {formatting.loss(run.val_loss)}",
            formatting.duration(run.duration_s),
        ]
        settings = [
            run.network,
            run.dataset,
            f"{run.optimizer}, learning rate {formatting.learning_rate(run.lr)}",
            f"batches of {run.batch_size}",
            f"seed {run.seed}",
        ]
        tags = " ".join(f"#{tag}" for tag in run.tags)
        written: Line = [(tags, "accent"), ("  " if tags and run.note else "", "")]
        written.append((shorten(run.note, max(width - len(tags) - 2, 0)), ""))
        if not tags and not run.note:
            written = [(shorten(run.path, width), "muted")]
        return [
            [(fit(results, width), "strong")],
            [(fit(settings, width), "muted")],
            written,
        ]
