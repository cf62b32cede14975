"""What a run needs on a machine that has nothing of this one's but, maybe, the sweep's folder."""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from mnist_tui.run.plan import NewRun, TrainedRun
from mnist_tui.store.parcel import Parcel, Sender
from mnist_tui.sweep.node import Order
from mnist_tui.torch_runtime import loading_torch

_LOCK: Final = "lock"
"""Of this machine's processes, and nothing to others."""


class Shipping:
    """Makes orders. One thread; imports torch where a network is the user's own."""

    def __init__(self, origin: Path) -> None:
        """
        Args:
            origin: The folder that relative paths of the user's are below.
        """
        self._origin = origin
        self._sources: dict[str, Parcel] = {}
        """The files of the user's own networks, by their names."""

    def order(
        self, plan: TrainedRun, environment: Mapping[str, str], *, shares_folder: bool
    ) -> Order:
        """What a node gets to train a run.

        Args:
            plan: The run, as it is on this machine.
            environment: Variables of the process that trains it.
            shares_folder: Whether the node has the run's folder.

        Raises:
            UsageError: When the code of its network cannot be imported here.
        """
        model = plan.config.model
        source = self._source(model) if ":" in model else {}
        files = None
        if not shares_folder:
            files = Sender(plan.runs_dir / str(plan.name)).pack()
            files.pop(_LOCK, None)
        return Order(
            plan=_elsewhere(plan, self._origin),
            origin=self._origin,
            files=files,
            source=source,
            environment=environment,
        )

    def _source(self, name: str) -> Parcel:
        if name not in self._sources:
            with loading_torch():
                from mnist_tui.inference.model_source import remember_source
                from mnist_tui.models.importing import ModelSpec, import_model
            source, _ = import_model(ModelSpec.parse(name), self._origin)
            remember_source(source)
            self._sources[name] = source.files
        return self._sources[name]


def _elsewhere(plan: TrainedRun, origin: Path) -> TrainedRun:
    """The plan with names that mean the same on another machine."""
    config = plan.config
    changes: dict[str, Any] = {}
    if ":" in config.model:
        changes["model"] = os.path.basename(config.model)  # noqa: PTH119 - as the files are sent
    if config.data_dir is not None:
        changes["data_dir"] = str(origin / Path(config.data_dir).expanduser())
    if isinstance(plan, NewRun):
        # A machine without MNIST is not to train one run of many on the sample of it.
        if config.dataset == "auto":
            changes["dataset"] = "mnist"
        return replace(plan, config=replace(config, **changes))
    return replace(plan, overrides={**plan.overrides, **changes})
