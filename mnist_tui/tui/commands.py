"""Every command of the dashboard by name, with a sentence each, for the command palette."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

Owner = Literal["app", "dashboard", "log", "epochs"]
"""The node that has the action."""


@dataclass(frozen=True)
class Command:
    """One line of the palette."""

    title: str
    sentence: str
    """What it does."""
    action: str
    """The Textual action that does it."""
    owner: Owner = "app"


_RUN: Final = (
    Command("Start", "Start the run with the settings shown.", "begin('start')"),
    Command("Pause", "Wait at the next batch, using no CPU and no GPU.", "ask('pause')"),
    Command("Resume", "Continue the paused run.", "ask('resume')"),
    Command(
        "Resume",
        "Train on from the last checkpoint, exactly where the run stopped.",
        "begin('continue')",
    ),
    Command(
        "Train for longer",
        "Train the run that has ended for as many epochs as you say.",
        "begin('longer')",
    ),
    Command("Save", "Save a checkpoint of the next batch, to keep.", "ask('save')"),
    Command("Stop", "End the run at the next batch, saving first.", "ask('stop')"),
    Command(
        "New run",
        "Start a new run with the same settings.",
        "begin('new')",
    ),
    Command(
        "Settings",
        "Change the next run's settings, or what can change while training.",
        "settings",
    ),
    Command(
        "Halve the learning rate", "Take smaller steps from the next batch on.", "scale_lr(0.5)"
    ),
    Command(
        "Double the learning rate", "Take larger steps from the next batch on.", "scale_lr(2.0)"
    ),
)
_INSIGHT: Final = (
    ("Confusion", "How often each class is predicted as each other one, with figures per class."),
    ("Mistakes", "The images that are predicted wrong, and the least certain of the others."),
    ("Learning", "Twenty images, and what they are predicted as after each epoch."),
    ("Inside", "The filters of the first layer, and what they make of an image."),
    ("Draw", "Draw a character and see what the model predicts."),
    ("Data", "Page through the images that it is trained and validated on."),
)
_SHOW: Final = (
    Command(
        "Read an image file",
        "Show step by step what the model gets of a photograph, and predicts.",
        "open_image",
    ),
    Command(
        "Full screen", "Fill the screen with the pane in focus, or go back.", "full", "dashboard"
    ),
    Command(
        "Logarithmic axis",
        "Spread small losses out, or go back.",
        "chart('toggle_log')",
        "dashboard",
    ),
    Command(
        "Smoothing", "Go on to the next moving average over the curves.", "smooth", "dashboard"
    ),
    Command("x axis", "Count epochs, batches or time from left to right.", "axis", "dashboard"),
    Command("Read values", "Move a cursor along the chart.", "chart('toggle_cursor')", "dashboard"),
    Command("Show all", "Zoom out to the whole run.", "chart('reset')", "dashboard"),
    Command(
        "Previous run",
        "Show or hide the newest finished run of the same data and network.",
        "previous",
        "dashboard",
    ),
    Command(
        "Filter the log", "Show info and above, warnings, errors, or every detail.", "filter", "log"
    ),
    Command("Copy the log", "Put the lines of the log on the clipboard.", "copy", "log"),
    Command(
        "Copy the epoch", "Put the marked row of the table on the clipboard.", "copy", "epochs"
    ),
    Command("Runs", "Find, open, compare, tag and delete the runs in the folder.", "runs"),
    Command(
        "Export",
        "Write the run's curves or network: CSV, TensorBoard, PNG, SVG, ONNX, safetensors.",
        "export",
    ),
    Command("Theme", "Choose the colors; they are remembered.", "change_theme"),
    Command("Help", "Explain the keys, the panes and the words.", "help"),
    Command(
        "Leave it running",
        "Let the run go on without a terminal, and quit; mnist-tui attach shows it again.",
        "leave_running",
    ),
    Command("Doctor", "Examine this machine: GPU, memory, terminal, data and folders.", "doctor"),
    Command("Quit", "Quit (asks first while training).", "quit"),
)


def commands(panes: tuple[str, ...]) -> Iterator[Command]:
    """All there are, the run's first."""
    yield from _RUN
    for index, title in enumerate(panes):
        sentence = f"Bring the pane {title} into sight and into focus."
        yield Command(f"Pane: {title}", sentence, f"pane({index})", "dashboard")
    for title, sentence in _INSIGHT:
        yield Command(f"Insight: {title}", sentence, f"insight('{title}')")
    yield from _SHOW
