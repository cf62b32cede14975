"""Which device and precision a setting stands for."""

import pytest
import torch

from mnist_tui.config import recipe_config
from mnist_tui.devices import resolve_precision
from mnist_tui.errors import UsageError

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
