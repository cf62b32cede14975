"""A stand-in for CUDA graphs on any device: operations are recorded, and repeated as they were.

Like a graph it knows nothing but operations on tensors. What a function computed in Python,
a learning rate say, is repeated as it was; what would wait for the device cannot be recorded.
Unlike a graph it must run the work to record it, and so it takes back what that changed.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from mnist_tui.engine.cuda.graphs import CaptureBody, CaptureError

WAITS = ("_local_scalar_dense", "nonzero", "is_nonzero", "equal")

SILENTLY_WRITTEN = ("running_mean", "running_var")
"""What batch normalization writes without its signature saying so."""


class Tape(TorchDispatchMode):
    """Records each operation with its tensors, and what the written ones held before."""

    def __init__(self) -> None:
        super().__init__()
        self.operations: list[tuple[Any, tuple[Any, ...], dict[str, Any], list[Tensor]]] = []
        self._before: dict[int, tuple[Tensor, Tensor]] = {}
        self._own: set[int] = set()
        """Storages that were made while recording."""

    def __torch_dispatch__(
        self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if any(word in str(function) for word in WAITS):
            raise RuntimeError(f"operation not permitted when stream is capturing: {function}")
        for argument, value in zip(function._schema.arguments, args, strict=False):
            self._keep(argument, value)
        for argument in function._schema.arguments:
            if argument.name in kwargs:
                self._keep(argument, kwargs[argument.name])
        result = function(*args, **kwargs)
        outputs = [leaf for leaf in tree_leaves(result) if isinstance(leaf, Tensor)]
        inputs = {
            leaf.untyped_storage()._cdata
            for leaf in tree_leaves((args, kwargs))
            if isinstance(leaf, Tensor)
        }
        fresh = [out for out in outputs if out.untyped_storage()._cdata not in inputs]
        self._own |= {out.untyped_storage()._cdata for out in fresh}
        self.operations.append((function, args, kwargs, fresh))
        return result

    def _keep(self, argument: Any, value: Any) -> None:
        is_written = argument.alias_info is not None and argument.alias_info.is_write
        if not is_written and argument.name not in SILENTLY_WRITTEN:
            return
        for tensor in tree_leaves(value):
            key = tensor.untyped_storage()._cdata if isinstance(tensor, Tensor) else None
            if key is not None and key not in self._own and key not in self._before:
                whole = torch.empty(0, dtype=tensor.dtype).set_(tensor.untyped_storage())
                self._before[key] = whole, whole.clone()

    def take_back(self) -> None:
        """Undo all that was written to what is older than the recording."""
        for tensor, before in self._before.values():
            tensor.copy_(before)

    def replay(self) -> None:
        """Do it all again, on the same tensors."""
        with torch.no_grad():
            for function, args, kwargs, fresh in self.operations:
                result = function(*args, **kwargs)
                outputs = [leaf for leaf in tree_leaves(result) if isinstance(leaf, Tensor)]
                made = outputs if len(outputs) == len(fresh) else []
                for kept, out in zip(fresh, made, strict=True):
                    kept.copy_(out)


class FakeGraphRecorder:
    """Records by tape; counts what a graph would be asked for."""

    def __init__(self, fails_at: int | None = None) -> None:
        self.recordings = 0
        self.replays = 0
        self.fails_at = fails_at
        """The recording, counted from 1, that fails half way."""

    def __call__(self, work: CaptureBody) -> CaptureBody:
        """As in Recorder."""
        self.recordings += 1
        generator = torch.get_rng_state()
        tape = Tape()
        try:
            with tape:
                work()
                if self.recordings == self.fails_at:
                    raise RuntimeError("operation failed due to a previous error")
        except RuntimeError as error:
            raise CaptureError(str(error)) from error
        finally:
            tape.take_back()
            torch.set_rng_state(generator)
        return self._counted(tape.replay)

    def _counted(self, replay: CaptureBody) -> Callable[[], None]:
        def counted() -> None:
            self.replays += 1
            replay()

        return counted
