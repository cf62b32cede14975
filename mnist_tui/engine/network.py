"""The network of a run: where its code is, and what is found out about it before training."""

import torch
from torch import nn

from mnist_tui.config import TrainConfig
from mnist_tui.data.dataset import Dataset
from mnist_tui.engine.prepared_run import Warnings
from mnist_tui.engine.starting_point import Say, StartingPoint
from mnist_tui.errors import Remedy, UsageError
from mnist_tui.inference.model_source import (
    check_same,
    named_source,
    remember_source,
    source_of_run,
)
from mnist_tui.models.registry import find_mismatch
from mnist_tui.models.rehearsal import Conditions, rehearse
from mnist_tui.models.source import ModelSource
from mnist_tui.store.checkpoint import Checkpoint
from mnist_tui.store.directory import RunDirectory
from mnist_tui.store.run_source import RunSource, keep_files


def find_network(
    start: StartingPoint,
    directory: RunDirectory,
    warnings: Warnings,
    given: ModelSource | None = None,
    *,
    is_handed_over: bool,
) -> ModelSource:
    """Import the network's code, if it is the user's own: what they have named, and nothing else.

    Args:
        warnings: Gets what the user should know.
        given: The network that a script has handed over, if any.
        is_handed_over: Whether the run goes on in this process, with the code that it began with.

    Raises:
        UsageError: When it cannot be imported, or is not what the run was trained with.
    """
    if given is not None:
        if start.record:
            check_same(given, directory)
        remember_source(given)
        return given
    if start.model is None:
        return source_of_run(directory, start.config.model, may_have_changed=is_handed_over)
    source, notices = named_source(start.model)
    if start.record:
        check_same(source, directory)
    for notice in notices:
        warnings.warn(notice)
    return source


def try_network(
    source: ModelSource,
    config: TrainConfig,
    dataset: Dataset,
    device: torch.device,
    warnings: Warnings,
    say: Say,
) -> ModelSource:
    """Try a user's network out, and find out what it gives.

    Raises:
        UsageError: When it cannot be trained as it is.
    """
    if source.folder is None:
        return source
    say("trying the network out")
    conditions = Conditions(
        classes=len(dataset.classes),
        device=device,
        seed=config.seed,
        batch_size=config.batch_size,
        samples=len(dataset.train),
    )
    known, sentences = rehearse(source, conditions)
    for sentence in sentences:
        warnings.warn(sentence)
    return known


def check_fits(
    source: ModelSource, module: nn.Module, checkpoint: Checkpoint, directory: RunDirectory
) -> None:
    """Make sure that a user's code makes the network that the run was trained with.

    What a script has made with arguments of its own, the class alone does not make.

    Raises:
        UsageError: When it makes another one.
    """
    mismatch = find_mismatch(checkpoint.model, module) if source.folder is not None else None
    if mismatch is not None:
        raise UsageError(
            f"{source.name} makes another network than run {directory.name} was trained with "
            f"({mismatch}); resume it in the script that made it, or name what makes it",
            Remedy(settings={"model": None}),
        )


def keep_source(source: ModelSource, directory: RunDirectory) -> RunSource | None:
    """Copy a user's files into the run; returns what config.json is to say of them.

    Raises:
        UsageError: When they cannot be written.
    """
    kept = RunSource.of(directory)
    if kept is None and source.folder is not None:
        kept = RunSource.for_files(source.name, source.folder, source.files)
        keep_files(directory, source.files)
    return kept
