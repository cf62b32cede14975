"""A run's curves and network as files for other programs, from the dashboard."""

import asyncio
from asyncio.subprocess import PIPE
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from textual.app import App

from mnist_tui.process.child import own_command, own_environment
from mnist_tui.rules import absolute, expand_home
from mnist_tui.run.requests import Answer
from mnist_tui.tui.screens.question import Question, TextEntry

_AGAIN_S: Final = 3.0
"""Between two messages that a file is being written."""

Say = Callable[[Answer], object]
"""Shows what becomes of an export."""


@dataclass(frozen=True)
class Format:
    """A kind of file, or of a folder of files."""

    option: str
    """Of the command `export`."""
    title: str
    suffix: str
    """Follows the run's name in the name that is proposed."""
    is_folder: bool = False

    def problem(self, typed: str) -> str | None:
        """Why nothing can be written there, in few words; None where it can."""
        path = expand_home(typed)
        if not typed:
            return "a name"
        if self.is_folder:
            return f"{typed} is a file" if path.is_file() else None
        return f"{typed} is already there" if path.exists() else None


FORMATS: Final = {
    "1": Format("--csv", "CSV: the curves as tables", "-csv", is_folder=True),
    "2": Format("--tensorboard", "TensorBoard: curves and settings", "-tensorboard", True),
    "3": Format("--png", "PNG: a picture of the curves", ".png"),
    "4": Format("--svg", "SVG: the same, to be scaled", ".svg"),
    "5": Format("--onnx", "ONNX: the network for other runtimes", ".onnx"),
    "6": Format("--safetensors", "safetensors: the weights", ".safetensors"),
}
"""What there is to choose from, by its key."""


class RunExporting(App[None]):
    """An App that exports runs, in a process of its own as tracing a network takes seconds."""

    def export_run(self, path: Path, say: Say) -> None:
        """Let the user choose a format and a file for the run in `path`, and write it.

        Args:
            path: The run's directory.
            say: Gets what becomes of it, unless the user calls it off.
        """

        def choose(key: str | None) -> None:
            if key is not None:
                self._ask_for_name(path, FORMATS[key], say)

        answers = {key: kind.title for key, kind in FORMATS.items()}
        self.push_screen(Question(f"Export {path.name}", "In which format?", answers), choose)

    def _ask_for_name(self, path: Path, kind: Format, say: Say) -> None:
        def write(typed: str | None) -> None:
            if typed:
                target = expand_home(typed)
                self.run_worker(self._export(path, kind, target, say), group="export")

        what = "The folder, made where it is missing" if kind.is_folder else "The file"
        name, here = path.name + kind.suffix, absolute(Path())
        if here.is_absolute():
            text = f"{what}; relative to {here}."
        else:
            name, text = f"~/{name}", f"{what}. Begin with / or ~: this folder has been deleted."
        self.push_screen(TextEntry(kind.title, text, name, kind.problem), write)

    async def _export(self, path: Path, kind: Format, target: Path, say: Say) -> None:
        process = await asyncio.create_subprocess_exec(
            *own_command("mnist_tui", "export", str(path), kind.option, str(target)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=PIPE,
            stderr=PIPE,
            env=own_environment(),
            start_new_session=True,
        )
        ending = asyncio.create_task(process.communicate())
        try:
            while not ending.done():
                say(Answer(True, f"writing {target} …"))  # again, as messages fade
                await asyncio.wait([ending], timeout=_AGAIN_S)
            _, printed = await ending
        finally:
            with suppress(ProcessLookupError):  # it has ended, as it should
                process.kill()
        if process.returncode == 0:
            say(Answer(True, f"written: {target}"))
        else:
            lines = printed.decode(errors="replace").strip().splitlines()
            reason = lines[-1] if lines else f"exit code {process.returncode}"
            say(Answer(False, reason.removeprefix("mnist-tui: ")))
