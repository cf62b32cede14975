"""Questions over the dashboard: with a key for each answer, or a line to be typed."""

from collections.abc import Callable, Mapping
from typing import ClassVar, Final

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Input, Label, OptionList
from textual.widgets.option_list import Option

from mnist_tui import formatting
from mnist_tui.run.plan import RunPlan
from mnist_tui.run.progress import Progress
from mnist_tui.tui.screens.overlay import Dialog
from mnist_tui.tui.text.event_text import describe_plan
from mnist_tui.tui.widgets.pressable import Options


class Question(Dialog[str]):
    """Asks for one of a few answers; the result is its key, or None when it is cancelled."""

    DEFAULT_CSS = """
    Question {
        & > VerticalScroll { width: 50; scrollbar-size: 0 0; }
        Label { width: 1fr; margin-bottom: 1; }
        OptionList { height: auto; padding: 0; border: none; background: $surface; }
        OptionList:focus { border: none; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,c,q", "dismiss", "Cancel")]

    def __init__(self, title: str, text: str, answers: Mapping[str, str]) -> None:
        """Make a question.

        Args:
            title: The question.
            text: What the user should know before answering.
            answers: Each answer by its key, the usual one first.
        """
        super().__init__()
        self._asked = title
        self._text = text
        self._answers = answers

    def compose(self) -> ComposeResult:
        with VerticalScroll(can_focus=False) as box:
            box.border_title = self._asked
            yield Label(self._text, markup=False)
            options = [Option(f"{key:<5}{what}", key) for key, what in self._answers.items()]
            yield Options(*options, Option("esc  Cancel", "escape"))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Take an option for an answer."""
        self.dismiss(event.option_id if event.option_id in self._answers else None)

    def on_key(self, event: events.Key) -> None:
        """Take the key of an answer."""
        if event.key in self._answers:
            event.stop()
            self.dismiss(event.key)


class QuitDialog(Question):
    """Asks what to do with a live run before the dashboard ends.

    `s` saves it, `l` lets it go on in a process without a terminal, `w` ends it unsaved.
    """

    def __init__(self, progress: Progress) -> None:
        place = "It is just starting."
        if progress.batches:
            batch, batches = formatting.count(progress.batch), formatting.count(progress.batches)
            place = f"Epoch {progress.epoch} of {progress.epochs}, batch {batch} of {batches}."
        answers = {"s": "Save and quit", "l": "Leave it running", "w": "Quit without saving"}
        super().__init__("Training is running. Quit?", place, answers)


class NewRunDialog(Question):
    """Asks before a new run takes the place of the one that is shown: `n` starts it."""

    def __init__(self, plan: RunPlan) -> None:
        answers = {"n": "Start it", "e": "Change its settings first"}
        super().__init__("Start a new run?", " · ".join(describe_plan(plan)), answers)


class ResumeDialog(Question):
    """Asks before a run that is only shown is trained on: `space` resumes it."""

    def __init__(self, name: str) -> None:
        text = f"{name} is trained on from its last checkpoint."
        super().__init__("Resume this run?", text, {"space": "Resume it"})


class SwitchDialog(Question):
    """Asks what becomes of the run that trains here before another one takes its place.

    `l` lets it go on in a process without a terminal, `s` saves and ends it.
    """

    def __init__(self, name: str, other: str) -> None:
        """`name` is the run's that trains, `other` that of the one to be opened."""
        text = f"{name} is training in this dashboard, which shows one run at a time."
        answers = {"l": f"Leave it running, open {other}", "s": f"Save and end it, open {other}"}
        super().__init__(f"Open {other}?", text, answers)


_HINT: Final = "enter takes it, esc cancels"


class TextEntry(Dialog[str]):
    """Asks for a line of text; the result is None when it is cancelled."""

    DEFAULT_CSS = """
    TextEntry {
        & > Vertical { width: 60; overflow-y: auto; }
        Label { width: 1fr; margin-bottom: 1; color: $text-muted; }
        #refusal { display: none; margin: 1 0 0 0; color: $text-error; }
        &.-wrong > Vertical { border-subtitle-color: $text-error; }
        &.-refused {
            & > Vertical { padding: 0 2; }
            #refusal { display: block; }
        }
    }
    """

    def __init__(
        self,
        title: str,
        text: str,
        value: str = "",
        problem: Callable[[str], str | None] = lambda typed: None,
        take: Callable[[str], str | None] = lambda typed: None,
    ) -> None:
        """Make a question.

        Args:
            title: What it is about.
            text: What to type.
            value: What is there at first.
            problem: Says, in few words, what to type instead; None: nothing is wrong.
            take: Does what the text is for when it is entered, or says why that cannot be.
        """
        super().__init__()
        self._asked, self._text, self._value = title, text, value
        self._problem, self._take = problem, take
        self._refusal: Final = Label(id="refusal", markup=False)

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = self._asked
            box.border_subtitle = _HINT
            yield Label(self._text, markup=False)
            yield Input(self._value, compact=True)
            yield self._refusal

    def on_input_changed(self, event: Input.Changed) -> None:
        """Say what is wrong with the text while it is typed."""
        problem = self._problem(event.value.strip())
        self.set_class(problem is not None, "-wrong")
        self.remove_class("-refused")
        self.query_one(Vertical).border_subtitle = _HINT if problem is None else problem

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take the text, if nothing is wrong with it; say below it why it is refused."""
        typed = event.value.strip()
        if self._problem(typed) is not None:
            return
        refusal = self._take(typed)
        if refusal is None:
            self.dismiss(typed)
            return
        self._refusal.update(refusal)
        self.add_class("-refused")
