"""Samples of the machine by psutil and NVML; NVML itself is a stand-in here."""

import os
import sys
import types
from collections.abc import Callable
from typing import Any

import psutil
import pytest

from mnist_tui import system_monitor
from mnist_tui.container import MemoryLimit
from mnist_tui.run.machine import GpuSample
from mnist_tui.system_monitor import Machine


class NVMLError(Exception):
    """As pynvml's."""


def nvml(gpus: int = 2, *, used_by: dict[int, int] | None = None, init: Any = None) -> Any:
    """The functions of pynvml that are used; handles are indices. GPU 1 reports no power."""
    used_by = used_by or {}

    def refuse(*_: Any) -> Any:
        raise NVMLError("Not Supported")

    def only_first(value: Any) -> Callable[..., Any]:
        return lambda handle, *_: value if handle == 0 else refuse()

    def handle_of(index: int) -> int:
        return index if index < gpus else refuse()  # type: ignore[no-any-return]

    def processes(handle: int) -> list[Any]:
        return [types.SimpleNamespace(pid=pid) for pid, on in used_by.items() if on == handle]

    return types.SimpleNamespace(
        NVMLError=NVMLError,
        NVML_TEMPERATURE_GPU=0,
        NVML_CLOCK_SM=1,
        nvmlInit=init or (lambda: None),
        nvmlDeviceGetCount=lambda: gpus,
        nvmlDeviceGetHandleByIndex=handle_of,
        nvmlDeviceGetHandleByUUID=lambda uuid: {"GPU-b": 1}.get(uuid) or refuse(),
        nvmlDeviceGetIndex=lambda handle: handle,
        nvmlDeviceGetName=lambda handle: b"H200" if handle else "A100",
        nvmlDeviceGetUtilizationRates=lambda handle: types.SimpleNamespace(gpu=87, memory=3),
        nvmlDeviceGetMemoryInfo=lambda handle: types.SimpleNamespace(used=4e9, total=80e9),
        nvmlDeviceGetTemperature=only_first(61),
        nvmlDeviceGetPowerUsage=only_first(412_345),
        nvmlDeviceGetEnforcedPowerLimit=only_first(700_000),
        nvmlDeviceGetClockInfo=only_first(1980),
        nvmlDeviceGetComputeRunningProcesses=processes,
    )


@pytest.fixture
def with_nvml(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], None]:
    """Put a stand-in in pynvml's place; None makes its import fail."""
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return lambda module: monkeypatch.setitem(sys.modules, "pynvml", module)


def test_a_machine_without_a_gpu_shows_its_cpu_and_the_reason(
    with_nvml: Callable[[Any], None],
) -> None:
    def not_found() -> None:
        raise NVMLError("NVML Shared Library Not Found")

    for module, reason in ((nvml(init=not_found), "no driver"), (None, "nvidia-ml-py is missing")):
        with_nvml(module)
        machine = Machine()
        first, second = machine.sample(), machine.sample()
        assert first.gpus == ()
        assert reason in first.no_gpu
        assert first.cpu is None
        assert second.cpu is not None
        assert 0 <= second.cpu <= 1
        assert 0 < second.process_bytes < second.memory_bytes < second.total_bytes


def test_the_figures_of_a_gpu_are_sampled(with_nvml: Callable[[Any], None]) -> None:
    with_nvml(nvml(1))
    sample = Machine().sample()
    assert sample.no_gpu == ""
    assert sample.gpus == (
        GpuSample(
            index=0,
            name="A100",
            use=0.87,
            memory_bytes=4_000_000_000,
            total_bytes=80_000_000_000,
            temperature_c=61,
            power_w=412.345,
            power_limit_w=700.0,
            clock_mhz=1980,
        ),
    )


def test_what_a_gpu_does_not_report_is_left_open(with_nvml: Callable[[Any], None]) -> None:
    with_nvml(nvml(2))
    second = Machine().sample().gpus[1]
    assert second.name == "H200"
    assert second.use == 0.87
    assert (second.power_w, second.temperature_c, second.clock_mhz) == (None, None, None)


def test_a_driver_that_lacks_a_call_leaves_it_open(with_nvml: Callable[[Any], None]) -> None:
    class NVMLLibraryMismatchError(Exception):
        pass

    def lacking(_handle: Any) -> Any:
        raise NVMLLibraryMismatchError("the driver has no nvmlDeviceGetComputeRunningProcesses_v3")

    module = nvml(1)
    module.NVMLLibraryMismatchError = NVMLLibraryMismatchError
    module.nvmlDeviceGetComputeRunningProcesses = lacking
    with_nvml(module)
    [gpu] = Machine().sample().gpus
    assert gpu.name == "A100"


def test_only_the_gpus_in_use_are_sampled(
    with_nvml: Callable[[Any], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    with_nvml(nvml(3, used_by={os.getpid(): 1, 1: 0}))
    assert [gpu.index for gpu in Machine().sample().gpus] == [1]
    with_nvml(nvml(3))
    for visible, indices in (("2,0", [2, 0]), ("GPU-b", [1]), ("1,-1,0", [1]), ("", [])):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
        sample = Machine().sample()
        assert [gpu.index for gpu in sample.gpus] == indices
        assert bool(sample.no_gpu) is not bool(indices)


def test_a_missing_gpu_has_a_reason_in_words(
    with_nvml: Callable[[Any], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    with_nvml(nvml(1))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "7")
    assert "Not Supported" in Machine().sample().no_gpu


def test_a_driver_that_waits_for_a_restart_says_so(with_nvml: Callable[[Any], None]) -> None:
    class MismatchError(NVMLError):
        value = 18

    def mismatch() -> None:
        raise MismatchError("Driver/library version mismatch")

    with_nvml(nvml(init=mismatch))
    assert "restart the machine" in Machine().sample().no_gpu


def test_another_error_of_the_driver_is_shown(with_nvml: Callable[[Any], None]) -> None:
    class UnknownError(NVMLError):
        value = 999

    def unknown() -> None:
        raise UnknownError("Unknown Error")

    with_nvml(nvml(init=unknown))
    assert Machine().sample().no_gpu == "the GPU cannot be read: Unknown Error"


def test_a_figure_that_cannot_be_read_is_logged_once_and_the_others_are_shown(
    with_nvml: Callable[[Any], None],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def denied() -> None:
        raise PermissionError(13, "Permission denied", "/proc/stat")

    monkeypatch.setattr(psutil, "cpu_percent", denied)
    with_nvml(nvml(1))
    machine = Machine()
    machine.sample()
    second = machine.sample()
    assert second.cpu is None
    assert second.process_cpu is not None
    assert 0 < second.memory_bytes < second.total_bytes
    assert [gpu.name for gpu in second.gpus] == ["A100"]
    [line] = caplog.messages
    assert line.startswith("processor use cannot be read: PermissionError")


def test_the_memory_of_a_container_is_its_limit(
    with_nvml: Callable[[Any], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    with_nvml(None)
    limit = MemoryLimit(2_000_000_000, 900_000_000)
    monkeypatch.setattr(system_monitor, "memory_limit", lambda: limit)
    monkeypatch.setattr(system_monitor, "usable_cores", lambda: 1)
    sample = Machine().sample()
    assert (sample.memory_bytes, sample.total_bytes) == (900_000_000, 2_000_000_000)
    assert sample.cores == 1
    monkeypatch.setattr(system_monitor, "memory_limit", lambda: MemoryLimit(1 << 50, 5))
    assert Machine().sample().total_bytes == psutil.virtual_memory().total
