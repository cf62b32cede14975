"""Which device and precision a setting means."""

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from mnist_tui import devices
from mnist_tui.config import recipe_config
from mnist_tui.devices import choose_device, resolve_precision, use_threads
from mnist_tui.errors import Remedy, UsageError

CPU, GPU = torch.device("cpu"), torch.device("cuda", 0)


@pytest.mark.parametrize(("capability", "precision"), [((7, 5), "fp32"), ((9, 0), "tf32")])
def test_auto_is_tf32_where_a_gpu_has_it(
    monkeypatch: pytest.MonkeyPatch, capability: tuple[int, int], precision: str
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    assert resolve_precision(GPU, "auto") == precision
    assert resolve_precision(CPU, "auto") == "fp32"


def test_what_is_named_is_what_is_computed_in() -> None:
    assert resolve_precision(CPU, "bf16") == "bf16"
    with pytest.raises(UsageError, match="tf32 needs a CUDA device"):
        resolve_precision(CPU, "tf32")


def test_the_tutorial_is_in_fp32_everywhere_and_fast_is_as_fast_as_can_be() -> None:
    assert recipe_config().precision == "fp32"
    assert recipe_config("fast").precision == "auto"


@pytest.fixture
def torch_says(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Make torch find no CUDA device, and warn of it as it does: a stand-in for a driver."""

    def say(words: str) -> None:
        def is_available() -> bool:
            if words:
                warnings.warn(words, UserWarning, stacklevel=2)
            return False

        monkeypatch.setattr(torch.cuda, "is_available", is_available)

    monkeypatch.setattr(torch.version, "cuda", "13.2")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    devices._ask_for_cuda.cache_clear()
    devices._unusable.cache_clear()
    yield say
    devices._ask_for_cuda.cache_clear()
    devices._unusable.cache_clear()


OLD = (
    "CUDA initialization: The NVIDIA driver on your system is too old (found version 12040). "
    "Please update your GPU driver by downloading and installing a new version from the URL"
)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (OLD, "the NVIDIA driver is for CUDA 12.4, too old for this build of PyTorch (CUDA 13.2)"),
        ("CUDA initialization: CUDA unknown error", "CUDA unknown error"),
    ],
)
def test_a_driver_that_cannot_be_used_is_said_to_be_so(
    torch_says: Callable[[str], None], words: str, reason: str
) -> None:
    torch_says(words)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        chosen = choose_device("auto")
    assert chosen.device == CPU
    assert chosen.notice.startswith("training on CPU")
    assert reason in chosen.notice
    assert choose_device("auto").notice == chosen.notice, "torch warns once in a process"
    with pytest.raises(UsageError) as caught:
        choose_device("cuda")
    assert reason in str(caught.value)
    assert caught.value.remedy == Remedy(settings={"device": "auto"})


def test_without_a_gpu_there_is_no_notice(
    torch_says: Callable[[str], None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    torch_says("")
    monkeypatch.setattr(devices, "DRIVER", tmp_path / "nvidiactl")
    assert choose_device("auto").notice == ""
    with pytest.raises(UsageError, match=r"PyTorch finds none; found: cpu \("):
        choose_device("cuda:1")


@pytest.mark.parametrize(("visible", "is_told"), [("7", True), ("GPU-x", True), ("", False)])
def test_a_gpu_that_a_variable_hides_is_reported_unless_it_was_meant(
    torch_says: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    visible: str,
    is_told: bool,
) -> None:
    torch_says("")
    monkeypatch.setattr(devices, "DRIVER", tmp_path)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    reason = f"CUDA_VISIBLE_DEVICES={visible!r} names none"
    assert (reason in choose_device("auto").notice) is is_told
    with pytest.raises(UsageError, match=reason):
        choose_device("cuda")


def test_a_gpu_that_this_build_has_no_kernels_for_is_not_taken(
    torch_says: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_kernels(*args: object, **options: object) -> None:
        raise RuntimeError(
            "CUDA error: no kernel image is available for execution on the device\nCUDA kernel "
            "errors might be asynchronously reported at some other API call"
        )

    monkeypatch.setattr(torch, "ones", no_kernels)
    for name, value in {
        "is_available": True,
        "device_count": 1,
        "current_device": 0,
        "get_device_name": "GeForce GTX 1080",
        "get_device_capability": (6, 1),
        "get_arch_list": ["sm_75", "sm_80"],
    }.items():
        monkeypatch.setattr(torch.cuda, name, lambda *args, value=value: value)
    reason = "GeForce GTX 1080 (sm_61) is not among those that this build of PyTorch is made for"
    chosen = choose_device("auto")
    assert chosen.device == CPU
    assert reason in chosen.notice
    assert "sm_75, sm_80" in chosen.notice
    for name, why in (("cuda", reason), ("cuda:3", "there is only 1, counted from 0")):
        with pytest.raises(UsageError) as caught:
            choose_device(name)
        assert why in str(caught.value)


@pytest.fixture
def cores(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], None]]:
    """Let this process have so many cores, as a container's quota would, and so many threads."""
    before = torch.get_num_threads()
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)

    def have(count: int) -> None:
        monkeypatch.setattr(devices, "usable_cores", lambda: count)
        monkeypatch.setattr(devices, "cpu_quota", lambda: float(count))

    yield have
    torch.set_num_threads(before)


def test_a_resumed_run_keeps_its_threads_and_says_where_they_are_too_many(
    cores: Callable[[int], None],
) -> None:
    cores(2)
    assert use_threads(2) == ""
    said = use_threads(4)
    assert torch.get_num_threads() == 4
    assert "4 CPU threads, for the same numbers as before, and this machine has 2" in said


def test_a_new_run_takes_no_more_threads_than_its_quota(
    cores: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.set_num_threads(3)
    cores(4)
    assert use_threads(None) == ""
    assert torch.get_num_threads() == 3
    cores(2)
    assert use_threads(None) == (
        "training with 2 threads: this process is limited to a quota of 2 cores"
    )
    assert torch.get_num_threads() == 2
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    torch.set_num_threads(3)
    assert use_threads(None) == "", "the user has said how many"
