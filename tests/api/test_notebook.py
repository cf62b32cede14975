"""Training in a notebook's cells, by a real kernel."""

from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

CELLS = """
import mnist_tui
run = mnist_tui.train(data="mnist", data_dir={data!r}, epochs=1, lr=0.05, runs_dir={runs!r})
---
print(run.state, len(run.rows), run.losses.shape, run.predict(
    mnist_tui.load_dataset("mnist", {data!r}).validation.images[:3]).labels.shape)
---
import os, signal
def interrupt(event):
    if event.kind == "epoch_finished":
        os.kill(os.getpid(), signal.SIGINT)
try:
    mnist_tui.resume(run.path, epochs=3, on_event=interrupt, quiet=True)
except KeyboardInterrupt:
    print("interrupted", mnist_tui.load_run(run.path).state)
"""


def output_of(cell: Any) -> dict[str, str]:
    """All that a cell wrote, by the stream's name."""
    written = {"stdout": "", "stderr": ""}
    for output in cell["outputs"]:
        written[output["name"]] += output["text"]
    return written


@pytest.mark.slow
def test_a_notebook_trains_and_prints_plain_lines(few_digits: Path, tmp_path: Path) -> None:
    source = CELLS.format(data=str(few_digits), runs=str(tmp_path))
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell.strip()) for cell in source.split("---")]
    )
    NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
    trained, used, interrupted = (output_of(cell) for cell in notebook.cells)
    assert "\nepoch 1: training loss " in trained["stderr"]
    assert trained["stdout"] == ""
    assert not set("\x1b\r") & set(trained["stderr"])
    assert used["stdout"] == "finished 1 (3,) (3,)\n"
    assert interrupted["stdout"] == "interrupted stopped\n"
