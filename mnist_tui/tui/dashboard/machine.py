"""What the machine is doing, with the last two minutes as small curves."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from textual.message import Message

from mnist_tui import formatting
from mnist_tui.run.machine import GpuSample, MachineSample, SampleMachine
from mnist_tui.system_monitor import Machine
from mnist_tui.tui.text.fitting import cut, fit, pad
from mnist_tui.tui.widgets.lines import Line, Lines, width_of
from mnist_tui.tui.widgets.meters import sparkline

_LABEL: Final = 8
_VALUE: Final = 16
_LEAST_CURVE: Final = 6
"""Columns below which a curve is left out."""

Sample = TypeVar("Sample", MachineSample, GpuSample)


@dataclass(frozen=True)
class Meter:
    """One figure: its name, what it is now, and its past as parts of what is possible."""

    label: str
    value: str
    past: tuple[float | None, ...] = ()
    """In [0, 1], oldest first; None is a gap."""


class MachinePane(Lines, can_focus=True):
    """GPUs, processors and memory, sampled once a second while it is in sight."""

    DEFAULT_CSS = """
    MachinePane { background: transparent; }
    """
    KEPT: Final = 120
    """How many samples the curves show at most."""
    INTERVAL_S: Final = 1.0
    """From one sample to the next."""

    @dataclass
    class Sampled(Message):
        """A sample has come from the thread that took it."""

        sample: MachineSample

    def __init__(self, sample: SampleMachine | None = None, *, id: str | None = None) -> None:
        """Make a pane.

        Args:
            sample: Takes a sample; called on a thread of its own, never twice at a time.
            id: The widget's id.
        """
        super().__init__(id=id)
        self._sample_own: Final = sample or Machine().sample
        self._sample = self._sample_own
        self._is_sampling = False
        self._was_hidden = False
        self.samples: Final[deque[MachineSample | None]] = deque(maxlen=self.KEPT)
        """Oldest first; None where it was out of sight."""

    def show(self, sample: SampleMachine | None, place: str) -> None:
        """Show another machine from now on.

        Args:
            sample: As before; None: the one that the dashboard is on.
            place: Where that is, in words; empty: here.
        """
        if (sample or self._sample_own) != self._sample:
            self._sample = sample or self._sample_own
            self.samples.clear()
        self.border_title = f"Machine · {place}" if place else "Machine"

    def on_mount(self) -> None:
        self.set_interval(self.INTERVAL_S, self.tick, name="sample the machine")
        self.call_after_refresh(self.tick)

    def on_show(self) -> None:
        """Sample at once, not only after the interval."""
        self.call_after_refresh(self.tick)

    def tick(self) -> None:
        """Sample the machine, if it is in sight and no sample is on its way."""
        if not self.is_on_screen or not self.screen.is_current:
            self._was_hidden = True
        elif not self._is_sampling:
            self._is_sampling = True
            self.run_worker(self._take, thread=True, group="machine", exit_on_error=False)

    def _take(self) -> None:
        try:
            self.post_message(self.Sampled(self._sample()))
        finally:
            self._is_sampling = False

    def on_machine_pane_sampled(self, message: Sampled) -> None:
        """Add the sample to the curves."""
        message.stop()
        if self._was_hidden and self.samples:
            self.samples.append(None)
        self._was_hidden = False
        self.samples.append(message.sample)
        self.redraw()

    def lines(self, width: int, height: int) -> list[Line]:
        return machine_lines(tuple(self.samples), width, height)


def machine_lines(samples: tuple[MachineSample | None, ...], width: int, height: int) -> list[Line]:
    """One figure a line where there is room, else several; with curves where there is room."""
    now = samples[-1] if samples else None
    if now is None:
        return [[("reading the machine …", "muted")]]
    notes: list[Line] = [[(cut(now.no_gpu, width), "muted")]] if now.no_gpu else []
    meters = _meters(samples, now)
    if len(notes) + len(meters) <= height:
        return notes + [_meter_line(meter, width) for meter in meters]
    return (notes + _short_lines(samples, now, width))[:height]


def _past(
    samples: Sequence[Sample | None], read: Callable[[Sample], float | None], most: float | None
) -> tuple[float | None, ...]:
    """Each value as a part of the most there can be; without a limit, of the largest one."""
    values = [None if sample is None else read(sample) for sample in samples]
    top = most or max((value for value in values if value is not None), default=0.0) or 1.0
    return tuple(None if value is None else value / top for value in values)


def _meters(samples: tuple[MachineSample | None, ...], now: MachineSample) -> list[Meter]:
    meters = []
    for place, gpu in enumerate(now.gpus):
        meters += _gpu_meters(samples, place, gpu)
    total, memory = max(now.total_bytes, 1), _of(now.memory_bytes, now.total_bytes)
    share, own = _percent(now.process_cpu), formatting.memory(now.process_bytes)
    return [
        *meters,
        Meter("CPU", _percent(now.cpu), _past(samples, lambda s: s.cpu, 1.0)),
        Meter("process", share, _past(samples, lambda s: s.process_cpu, now.cores)),
        Meter("memory", memory, _past(samples, lambda s: s.memory_bytes, total)),
        Meter("process", own, _past(samples, lambda s: s.process_bytes, total)),
    ]


def _gpu_meters(
    samples: tuple[MachineSample | None, ...], place: int, now: GpuSample
) -> list[Meter]:
    gpus = [s.gpus[place] if s is not None and place < len(s.gpus) else None for s in samples]
    watts = _figure(now.power_w, "W")
    if now.power_w is not None and now.power_limit_w:
        watts = f"{now.power_w:.0f} of {now.power_limit_w:.0f} W"
    memory, heat = _of(now.memory_bytes, now.total_bytes), _figure(now.temperature_c, "°C")
    clock = _figure(now.clock_mhz, "MHz")
    return [
        Meter(f"GPU {now.index}", _percent(now.use), _past(gpus, lambda g: g.use, 1.0)),
        Meter("memory", memory, _past(gpus, lambda g: g.memory_bytes, now.total_bytes)),
        Meter("heat", heat, _past(gpus, lambda g: g.temperature_c, 100.0)),
        Meter("power", watts, _past(gpus, lambda g: g.power_w, now.power_limit_w)),
        Meter("clock", clock, _past(gpus, lambda g: g.clock_mhz, None)),
    ]


def _meter_line(meter: Meter, width: int) -> Line:
    line: Line = [(pad(meter.label, _LABEL), "muted"), (f"{meter.value:>{_VALUE}}", "strong")]
    room = width - _LABEL - _VALUE - 2
    if room >= _LEAST_CURVE:
        # It grows from the left, beside its figure, and moves on when it is full.
        line += [("  ", ""), (sparkline(meter.past[-room:]), "bar")]
    return line


def _short_lines(
    samples: tuple[MachineSample | None, ...], now: MachineSample, width: int
) -> list[Line]:
    """Use first, since the least room leaves out the last lines."""
    meters = _meters(samples, now)
    cpu, process, memory, resident = meters[-4:]
    first, last = [], []
    for place in range(len(now.gpus)):
        use, taken, *rest = meters[5 * place : 5 * place + 5]
        first.append(_joined(use, [use.value, taken.value], width))
        last.append(_joined(Meter("", ""), [meter.value for meter in rest], width))
    return [
        *first,
        _joined(cpu, [cpu.value, f"process {process.value}"], width),
        _joined(memory, [memory.value, f"process {resident.value}"], width),
        *last,
    ]


def _joined(meter: Meter, values: list[str], width: int) -> Line:
    label = f"{meter.label:<6} " if meter.label else ""
    line: Line = [(label, "muted"), (fit(values, width - len(label)), "strong")]
    room = width - width_of(line) - 2
    if room >= _LEAST_CURVE and meter.past:
        line += [("  ", ""), (sparkline(meter.past[-room:]), "bar")]
    return line


def _percent(value: float | None) -> str:
    return formatting.UNKNOWN if value is None else f"{100 * value:.0f} %"


def _figure(value: float | None, unit: str) -> str:
    return formatting.UNKNOWN if value is None else f"{value:,.0f} {unit}"


def _of(part: int | None, whole: int | None) -> str:
    if part is None or whole is None:
        return formatting.UNKNOWN
    (used, unit), (total, of_unit) = (formatting.memory(size).split() for size in (part, whole))
    return f"{used} of {total} {unit}" if unit == of_unit else f"{used} {unit} of {total} {of_unit}"
