"""PyTorch, its CUDA and its GPUs, asked in a process of its own.

Loading it takes seconds, and on a machine that is ill it may hang or end the process.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, Final

from mnist_tui import formatting
from mnist_tui.doctor.check import Check, fault, ok, warning
from mnist_tui.doctor.machine import count_gpus

LIMIT_S: Final = 120.0
"""The time that PyTorch gets to load."""

_PROGRAM: Final = """
import json, warnings
warned = []
warnings.showwarning = lambda message, *_: warned.append(str(message).splitlines()[0])
import torch
found = {"torch": torch.__version__, "cuda": torch.version.cuda, "hip": torch.version.hip,
         "threads": torch.get_num_threads(), "gpus": [], "mps": torch.backends.mps.is_available()}
try:
    available = torch.cuda.is_available()
    found["archs"] = torch.cuda.get_arch_list() if available else []
    for index in range(torch.cuda.device_count() if available else 0):
        gpu = {"name": torch.cuda.get_device_name(index)}
        gpu["capability"] = ".".join(map(str, torch.cuda.get_device_capability(index)))
        gpu["memory"] = torch.cuda.get_device_properties(index).total_memory
        try:
            gpu["works"] = float(torch.ones(8, 8, device=f"cuda:{index}").matmul(
                torch.ones(8, 8, device=f"cuda:{index}")).sum()) == 512.0
        except Exception as error:
            gpu["error"] = str(error).splitlines()[0]
        found["gpus"].append(gpu)
except Exception as error:
    warned.append(str(error).splitlines()[0])
found["warned"] = warned
print(json.dumps(found))
"""


class TorchProbe:
    """Starts the process at once, so that PyTorch loads while other things are looked at."""

    def __init__(self, program: str = _PROGRAM, limit_s: float = LIMIT_S) -> None:
        self._limit_s = limit_s
        self._problem = ""
        try:
            # Without the current folder on its path, and whatever is called torch.py there.
            self._child: subprocess.Popen[str] | None = subprocess.Popen(
                [sys.executable, "-P", "-c", program],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                encoding="utf-8",
                errors="replace",
            )
        except OSError as error:
            self._child, self._problem = None, f"no process could be started: {error.strerror}"

    def end(self) -> None:
        """End the process, if it still runs."""
        if self._child is not None and self._child.poll() is None:
            self._child.kill()
            self._child.communicate()

    def look(self) -> Iterator[Check]:
        """PyTorch, and what it can train on."""
        found = self._wait()
        if found is None:
            advice = "install mnist-tui again; `python -c 'import torch'` shows all of the error"
            yield fault("PyTorch", self._problem, advice)
            return
        build = f"CUDA {found['cuda']}" if found["cuda"] else "without CUDA"
        build = f"ROCm {found['hip']}" if found["hip"] else build
        threads = formatting.counted(found["threads"], "thread")
        yield ok("PyTorch", f"{found['torch']}, {build}, {threads}")
        if found["gpus"]:
            for gpu in found["gpus"]:
                yield _judge(gpu, found)
        elif found["mps"]:
            yield ok("GPU", "Apple's (mps)")
        else:
            yield no_gpu(found, count_gpus())

    def _wait(self) -> dict[str, Any] | None:
        child = self._child
        if child is None:
            return None
        try:
            out, err = child.communicate(timeout=self._limit_s)
        except subprocess.TimeoutExpired:
            self._problem = f"did not load within {self._limit_s:g} s"
            self.end()
            return None
        try:
            found = json.loads(out.splitlines()[-1])
        except (ValueError, IndexError):
            lines = [line for line in err.splitlines() if line.strip()]
            reason = lines[-1].strip() if lines else f"ended with code {child.returncode}"
            self._problem = f"cannot be loaded: {reason}"
            return None
        return found if isinstance(found, dict) else None


def _judge(gpu: dict[str, Any], found: dict[str, Any]) -> Check:
    """The check of one GPU."""
    name = f"{gpu['name']}, {gpu['memory'] / 1e9:.0f} GB, compute capability {gpu['capability']}"
    if gpu.get("works"):
        return ok("GPU", name)
    reason = gpu.get("error", "it computes wrong results")
    made_for = ", ".join(found.get("archs", [])) or "other GPUs"
    advice = f"use --device cpu, or install a PyTorch for it; this one is made for {made_for}"
    return warning("GPU", f"{name}, cannot be used: {reason}", advice)


def no_gpu(found: dict[str, Any], count: int) -> Check:
    """The check where PyTorch finds no GPU and the driver `count` of them."""
    if count and found["cuda"] is None and found["hip"] is None:
        advice = "install the build of PyTorch for CUDA (pytorch.org)"
        return warning("GPU", "this build of PyTorch cannot use the NVIDIA GPU", advice)
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if count and visible is not None:
        return warning("GPU", f"none: CUDA_VISIBLE_DEVICES={visible!r}", "unset that to use one")
    if found["warned"] and (count or found["cuda"]):
        advice = "update the driver, or install a PyTorch for an older CUDA (pytorch.org)"
        return warning("GPU", f"none can be used: {found['warned'][0]}", advice)
    return ok("GPU", "none: training uses the CPU")
