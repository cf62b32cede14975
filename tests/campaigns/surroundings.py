"""Whatever surrounds the program: no traceback, the right exit code, a terminal given back.

    python -m tests.campaigns.surroundings --count 500 --seed 0

Each attempt puts one command into a random combination of environment variables, encodings,
users, permissions, limits, ignored and sent signals, sizes of the terminal and odd bytes from it.
One in ten starts as a user starts it, the others are forked from a process that has loaded torch.
"""

import codecs
import importlib
import os
import pkgutil
import random
import resource
import shutil
import signal
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

import mnist_tui
from mnist_tui.store.atomic import read_json
from mnist_tui.store.directory import RunDirectory
from tests.campaigns.campaign import few_digits, kept_folder, main
from tests.campaigns.command import run_command
from tests.campaigns.kills import assert_whole
from tests.campaigns.processes import InTerminal, in_child
from tests.campaigns.signals import assert_restored

LIMIT_S: Final = 180.0
NOBODY: Final = 12345
"""A user without an entry in passwd."""
HOMES: Final = (None, "", "/", "/nonexistent", "relative")
ENCODINGS: Final = ("utf-8", "ascii", "latin-1", "cp1252", "koi8-r")
VARIABLES: Final = {
    "NO_COLOR": ("1",),
    "COLORTERM": ("truecolor", "nonsense"),
    "COLUMNS": ("0", "abc", "-5", "100000"),
    "LINES": ("0", "7"),
    "OMP_NUM_THREADS": ("0", "abc", "4,2", "-1"),
    "CUDA_VISIBLE_DEVICES": ("-1", "0,junk", "GPU-deadbeef", "MIG-GPU-x/0/0", "7"),
    "TMPDIR": ("/nonexistent",),
    "LANG": ("xx_XX", "C", "de_DE.UTF-8"),
    "TZ": ("nowhere/at-all",),
    "MNIST_TUI_DATA": ("~nobody-of-that-name/mnist", "/dev/null/mnist", ""),
    "MNIST_TUI_ASCII": ("1",),
    "TERM_PROGRAM": ("Apple_Terminal",),
    "PYTHONUTF8": ("0",),
    "XDG_CONFIG_HOME": ("/dev/null/config", "relative"),
    "XDG_CACHE_HOME": ("/dev/null/cache",),
}
TERMS: Final = ("xterm-256color", "xterm", "screen", "vt100", "linux", "xterm-kitty", "nonsense")
SIZES: Final = ((80, 24), (200, 60), (40, 10), (1, 1), (0, 0), (3, 50), (5000, 5000))
ENDING: Final = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGQUIT)
WARNING: Final = (signal.SIGUSR1, signal.SIGUSR2, signal.SIGXCPU)
ODD: Final = (
    *(b"\xfc", b"\xff\xfe\x80", b"\x00", b"\x1b", b"\x1b[1081::113u", b"\x1b[97:65;2u"),
    *(b"\x1b[:H", b"\x1b[99999999u", b"\x1b[M \xe0\xf0", b"\x1b[48;0;0;0;0t", b"\x1b[?1;2c"),
    *(b"\x1b[48;99999;99999;9;9t", b"\x1b]11;rgb:0/0/0\x07", b"\x1b[200~never ended"),
    *(b"\x1b[200~pasted\r\x1b[201~", b"\x1bP>|term\x1b\\", "ыёصㅂｑ".encode(), 300 * b"\x1b[I"),
)
COMMANDS: Final = (
    *("headless", "headless", "dashboard", "dashboard", "show", "resume", "runs"),
    *("evaluate", "predict", "help"),
)

tried: Counter[str] = Counter()


@dataclass
class Surroundings:
    """What one attempt is put into."""

    variables: dict[str, str | None] = field(default_factory=dict)
    term: str = "xterm-256color"
    size: tuple[int, int] = (80, 24)
    is_nobody: bool = False
    is_read_only: bool = False
    ignored: tuple[signal.Signals, ...] = ()
    limits: dict[int, int] = field(default_factory=dict)
    output: str = "terminal"
    odd: tuple[bytes, ...] = ()
    ended_by: signal.Signals | None = None
    warned_by: signal.Signals | None = None

    def enter(self) -> None:
        """Bring this process, a new one, into them."""
        for name, value in self.variables.items():
            os.environ.pop(name, None) if value is None else os.environ.update({name: value})
        for number in self.ignored:
            signal.signal(number, signal.SIG_IGN)
        if self.output != "terminal":
            target = os.open(self.output, os.O_WRONLY | os.O_CREAT, 0o666)
            os.dup2(target, 1)
        for limit, value in self.limits.items():
            resource.setrlimit(limit, (value, value))
        if self.is_nobody:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)


def surround(dice: random.Random, command: str) -> Surroundings:
    """Roll the dice for some of what there may be."""
    found = Surroundings()
    for name in dice.sample(sorted(VARIABLES), dice.randint(0, 3)):
        found.variables[name] = dice.choice(VARIABLES[name])
    if dice.random() < 0.3:
        found.variables["HOME"] = dice.choice(HOMES)
    if dice.random() < 0.5:
        found.variables["PYTHONIOENCODING"] = dice.choice(ENCODINGS)
    found.term = dice.choice(TERMS)
    found.size = dice.choice(SIZES) if dice.random() < 0.5 else (80, 24)
    if dice.random() < 0.2:
        found.limits = {resource.RLIMIT_CORE: 0, resource.RLIMIT_NOFILE: 128}
    if dice.random() < 0.15:
        found.limits[resource.RLIMIT_FSIZE] = dice.choice((100, 10_000, 200_000))
    found.is_nobody = os.getuid() == 0 and dice.random() < 0.3
    if found.is_nobody and dice.random() < 0.3:
        # Threads count, too: it may start so many less one.
        found.limits[resource.RLIMIT_NPROC] = dice.randint(1, 12)
    found.is_read_only = found.is_nobody and dice.random() < 0.3
    found.ignored = tuple(dice.sample(ENDING + WARNING, dice.choice((0, 0, 1, 3))))
    if command != "dashboard" and command != "show" and dice.random() < 0.3:
        found.output = dice.choice(("/dev/null", "out.txt", "/dev/full"))
    if command in ("dashboard", "show"):
        found.odd = tuple(dice.choice((*ODD, dice.randbytes(6))) for _ in range(dice.randint(0, 9)))
    heard = [number for number in ENDING if number not in found.ignored]
    if command in ("dashboard", "show") or dice.random() < 0.3:
        found.ended_by = dice.choice(heard)
    if command in ("headless", "dashboard") and dice.random() < 0.3:
        found.warned_by = dice.choice(WARNING)
    return found


NAME: Final = "größe-1"


@cache
def trained() -> Path:
    """A folder with a finished run, to be copied, and pictures."""
    folder = kept_folder()
    few_digits().chmod(0o755)
    # What a user without rights might not be able to import from here.
    for encoding in ENCODINGS:
        codecs.lookup(encoding)
    for module in pkgutil.walk_packages(mnist_tui.__path__, "mnist_tui."):
        if not module.name.endswith("__main__") and "kernels" not in module.name:
            with suppress(ModuleNotFoundError):  # an extra that is not installed here
                importlib.import_module(module.name)

    def act() -> int:
        os.chdir(folder)
        return run_command("train", "--headless", *options("headless")).code

    assert in_child(act) == 0
    return folder


def options(command: str) -> list[str]:
    """The options of a run that takes a moment, or one that is ended by a signal."""
    epochs = "2" if command == "headless" else "500"
    data = ("--dataset", "mnist", "--data-dir", str(few_digits()))
    return [*data, "--epochs", epochs, "--checkpoint-every", "0.2", "--name", NAME]


def arguments(command: str, dice: random.Random) -> list[str]:
    """The command line."""
    last = f"runs/{NAME}/checkpoints/last.pt"
    return {
        "headless": ["train", "--headless", *options("headless")],
        "dashboard": ["train", "--start", "--on-hangup", "save", *options("dashboard")],
        "show": ["show", NAME],
        "resume": ["resume", NAME, "--headless", "--epochs", "3"],
        "runs": ["runs", *dice.choice(([], ["--json"]))],
        "evaluate": ["evaluate", last, "--data-dir", str(few_digits())],
        "predict": ["predict", last, "нет-файла.png"],
        "help": dice.choice((["--help"], ["train", "--help"], ["--version"], ["trian"])),
    }[command]


def attempt(dice: random.Random, folder: Path) -> None:
    """Run one command in its surroundings, and look at what it said and left."""
    command = dice.choice(COMMANDS)
    around = surround(dice, command)
    is_fresh = not around.is_nobody and dice.random() < 0.1
    if command not in ("headless", "dashboard", "help"):
        shutil.copytree(trained() / "runs", folder / "runs")
    else:
        trained()
    if around.is_nobody:
        give_away(folder, writable=not around.is_read_only)
    what = f"{command}, fresh: {is_fresh}, {around}"
    with InTerminal(
        arguments(command, dice),
        folder,
        fresh=is_fresh,
        term=around.term,
        prepare=around.enter,
        size=around.size,
    ) as process:
        steer(process, around, folder, command)
        code = process.wait(LIMIT_S)
    tried[command] += 1
    text = process.raw.decode(errors="replace")
    assert "Traceback" not in text, f"{what}: {text[-2000:]}"
    assert_restored(process.raw, what)
    assert code in expected(command, around), f"code {code}: {what}: {text[-600:]}"
    run = RunDirectory(folder / "runs" / NAME)
    if run.config.exists():
        assert_whole(run)
        if code in (0, *(128 + number for number in ENDING)) and command in ("headless", "resume"):
            assert read_json(run.status).get("state") in ("finished", "stopped", None), what


def steer(process: InTerminal, around: Surroundings, folder: Path, command: str) -> None:
    """Send what is to come from outside, once the program can take it."""
    run = RunDirectory(folder / "runs" / NAME)
    is_on_screen: Callable[[], bool] = lambda: b"\x1b[?1049h" in process.raw  # noqa: E731
    if command in ("dashboard", "show"):
        process.watch(LIMIT_S, is_on_screen)
    if command == "dashboard" and not around.is_read_only:
        process.watch(5.0 if around.limits else 20.0, run.last.exists)
    elif around.ended_by is not None:
        process.watch(LIMIT_S, lambda: catches(process.pid, around))
    process.watch(LIMIT_S, lambda: has_entered(process.pid, around))
    for odd in around.odd:
        process.type(odd)
        process.watch(0.05)
    for number in (around.warned_by, *around.ignored):
        if number is not None and (number in around.ignored or catches(process.pid, around)):
            process.send(number)
            process.watch(0.05)
    if around.ended_by is not None:
        process.watch(0.2)
        process.send(around.ended_by)


def has_entered(pid: int, around: Surroundings) -> bool:
    """Whether that process ignores what it is to ignore."""
    return all(_signals(pid, "SigIgn") >> (number - 1) & 1 for number in around.ignored)


def catches(pid: int, around: Surroundings) -> bool:
    """Whether that process handles the signals that it is to be sent."""
    # SIGINT has Python's handler from the start; SIGTERM only ours.
    asked = [number for number in (*ENDING, *WARNING) if number not in around.ignored]
    return all(_signals(pid, "SigCgt") >> (number - 1) & 1 for number in asked)


def _signals(pid: int, what: str) -> int:
    """A set of signals of a process, as the kernel writes it; 0 when the process is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1], 16) for line in lines if line.startswith(what)), 0)


def expected(command: str, around: Surroundings) -> set[int]:
    """The exit codes that are right."""
    if around.output == "/dev/full" and command not in ("headless", "resume"):
        return {3} if command == "predict" else {1, 2}
    ended = {128 + around.ended_by, -around.ended_by} if around.ended_by is not None else set()
    if command in ("headless", "resume", "dashboard", "show", "evaluate", "predict"):
        codes = {"predict": {3}, "dashboard": set()}.get(command, {0})
        is_limited = {resource.RLIMIT_FSIZE, resource.RLIMIT_NPROC} & set(around.limits)
        refused = {1, 2} if around.is_read_only or is_limited else set()
        # A key of a terminal's may quit what is only shown, or has come to its end.
        keyed = {0} if around.odd else set()
        return codes | refused | keyed | ended
    return {0, 2} | ended


def give_away(folder: Path, *, writable: bool) -> None:
    """Make a folder that user's, or one that he can only read."""
    for path in (folder, *folder.rglob("*")):
        if writable:
            os.chown(path, NOBODY, NOBODY)
        path.chmod(0o755 if path.is_dir() else 0o644)


def measured() -> tuple[str, ...]:
    """How often each command was tried."""
    return (", ".join(f"{command} {count}" for command, count in sorted(tried.items())),)


if __name__ == "__main__":
    main(attempt, 500, measured=measured)
