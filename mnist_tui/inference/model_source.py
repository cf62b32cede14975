"""Which code a network is imported from: what the user names, or has named before."""

from pathlib import Path

from mnist_tui.errors import Remedy, UsageError
from mnist_tui.models.importing import ModelSpec, import_model
from mnist_tui.models.python_files import shown
from mnist_tui.models.registry import MODELS
from mnist_tui.models.source import ModelSource
from mnist_tui.rules import absolute
from mnist_tui.store.directory import RunDirectory
from mnist_tui.store.run_source import RunSource, is_of_this_user
from mnist_tui.store.used_models import is_known, remember


def named_source(name: str) -> tuple[ModelSource, tuple[str, ...]]:
    """Where the network comes from that the user has named just now, and notices about it.

    Args:
        name: As in TrainConfig: a network of this package, or code to import.

    Raises:
        UsageError: When it cannot be imported.
    """
    if name in MODELS:
        return MODELS[name], ()
    source, notices = import_model(ModelSpec.parse(name), absolute(Path()))
    remember_source(source)
    return source, notices


def remember_source(source: ModelSource) -> None:
    """Note that the user has named this network, so that it may be imported again."""
    if source.folder is not None and source.files:
        kept = RunSource.for_files(source.name, source.folder, source.files)
        remember(source.name, kept.folder, kept.hashes)


def source_of_run(directory: RunDirectory, name: str, *, may_have_changed: bool) -> ModelSource:
    """Where the network of a run comes from that the user has not named anew.

    Args:
        name: What its config says: a network of this package, or code to import.
        may_have_changed: Whether the run's own copy will do where the files have been changed
            since, as it does for a look at the run.

    Raises:
        UsageError: When its code is not known to be the user's, or must not be what it was.
    """
    if name in MODELS:
        return MODELS[name]
    kept, spec = RunSource.of(directory), ModelSpec.parse(name)
    if kept is None or kept.name != name:
        raise UsageError(f"run {directory.name} does not say where {name} is; name the file of it")
    copy = directory.source / Path(spec.place).name
    by_copy = Remedy(settings={"model": f"{copy}:{spec.attribute}" if spec.is_file else name})
    if not is_of_this_user(directory):
        raise UsageError(
            f"run {directory.name} is another user's, whose code is not run unasked; look at "
            f"{directory.source}, and name it",
            by_copy,
        )
    if not is_known(name, kept.hashes):
        raise UsageError(
            f"run {directory.name} was trained with {name}, code that was never used here and is "
            f"not run unasked; look at {directory.source}, and name it",
            by_copy,
        )
    return _unchanged(directory, kept, spec, by_copy, may_have_changed=may_have_changed)


def _unchanged(
    directory: RunDirectory,
    kept: RunSource,
    spec: ModelSpec,
    by_copy: Remedy,
    *,
    may_have_changed: bool,
) -> ModelSource:
    """Import the code of a run from its own place, or from the run's copy."""
    original = kept.read(kept.folder)
    changed = kept.changed(original)
    if changed and not (may_have_changed and spec.is_file):
        raise UsageError(
            f"{shown(kept.folder / changed[0])} has changed since run {directory.name} was trained "
            "with it; start a new run with it, or resume with what it was",
            by_copy,
        )
    if len(original) == len(kept.hashes) and not changed:
        return import_model(_within(spec), kept.folder, original)[0]
    copy = kept.read(directory.source)
    broken = kept.changed(copy) or sorted(set(kept.hashes) - set(copy))
    if broken:
        raise UsageError(
            f"{directory.source / broken[0]} is not what run {directory.name} was trained with; "
            "name the file that is"
        )
    return import_model(_within(spec), directory.source, copy)[0]


def _within(spec: ModelSpec) -> ModelSpec:
    """The same code by its place in the folder that it is in."""
    return ModelSpec(Path(spec.place).name, spec.attribute) if spec.is_file else spec


def check_same(source: ModelSource, directory: RunDirectory) -> None:
    """Make sure that the code that a user has named for a run is what it was trained with.

    Raises:
        UsageError: When it is not.
    """
    kept = RunSource.of(directory)
    if kept is None:
        return
    is_same = ModelSpec.parse(kept.name).attribute == ModelSpec.parse(source.name).attribute
    # What a notebook's cell defines has no file.
    has_files = not kept.hashes or bool(set(source.files) & set(kept.hashes))
    if not is_same or kept.changed(source.files) or not has_files:
        raise UsageError(
            f"{source.name} is not what run {directory.name} was trained with: that was "
            f"{kept.name}, a copy of which is in {directory.source}"
        )
