"""Trying a user's network out before a run relies on it: what is wrong with it, in sentences."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

import torch
from torch import Tensor
from torch.nn import functional as F

from mnist_tui import formatting
from mnist_tui.errors import Remedy, UsageError, first_line
from mnist_tui.models.classifier import Classifier, Output, recognize
from mnist_tui.models.inspection import Leftovers, inspect
from mnist_tui.models.source import ModelSource

_EXAMPLES: Final = 8
"""Images that are shown to a network to see what it gives."""


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """What a network is going to meet in a run."""

    classes: int
    device: torch.device
    seed: int
    batch_size: int
    samples: int
    """Training examples."""

    @property
    def last_batch(self) -> int:
        """Examples in an epoch's last batch."""
        return self.samples % self.batch_size or min(self.batch_size, self.samples)


def rehearse(source: ModelSource, conditions: Conditions) -> tuple[ModelSource, tuple[str, ...]]:
    """Make the network, look at it, and take its first steps.

    Draws from torch's default generators, after seeding them.

    Returns:
        The source with what its network gives, and what the user should know, in sentences.

    Raises:
        UsageError: When the network cannot be trained as it is.
    """
    rehearsal = Rehearsal(source, conditions)
    in_eval = rehearsal.evaluate()
    in_training = rehearsal.train()
    return replace(source, in_eval=in_eval, in_training=in_training), tuple(rehearsal.warnings)


class Rehearsal:
    """The tries of one network."""

    def __init__(self, source: ModelSource, conditions: Conditions) -> None:
        self.warnings: list[str] = []
        """What is odd, but no reason not to train."""
        self._name = source.name
        self._files = source.python_files
        self._conditions = conditions
        with self._blamed("cannot be made"):
            torch.manual_seed(conditions.seed)
            twin = source.build(conditions.classes).module.state_dict()
            torch.manual_seed(conditions.seed)
            self._module = source.build(conditions.classes).module
        state = self._module.state_dict()
        if any(not _is_equal(value, state.get(name)) for name, value in twin.items()):
            self.warnings.append(
                f"{self._name} draws its first weights from elsewhere than torch's generator: the "
                "same seed will not give the same run"
            )
        inspect(self._module, self._name)
        self._module.to(conditions.device)

    @contextmanager
    def _blamed(self, what: str) -> Iterator[None]:
        """Turn an error of the user's code into one that names its line."""
        try:
            yield
        except UsageError:
            raise
        except Exception as error:
            reason = self._files.describe(error, otherwise=self._layer(error))
            is_forbidden = "deterministic" in str(error)  # as torch says of some on a GPU
            remedy = Remedy(settings={"no_deterministic": None}) if is_forbidden else None
            raise UsageError(f"{self._name} {what}: {reason}", remedy) from error

    def _layer(self, error: Exception) -> str:
        """The innermost layer that an error comes from, for code without a line of its own."""
        module = getattr(self, "_module", None)
        if module is None:
            return ""
        names = {id(layer): name for name, layer in module.named_modules() if name}
        found, traceback = "", error.__traceback__
        while traceback is not None:
            layer = traceback.tb_frame.f_locals.get("self")
            if id(layer) in names:
                found = f"layer {names[id(layer)]}, {type(layer).__name__}"
            traceback = traceback.tb_next
        return found

    def _images(self, count: int) -> Tensor:
        generator = torch.Generator().manual_seed(count)
        return torch.rand(count, 1, 28, 28, generator=generator).to(self._conditions.device)

    # In eval mode.

    def evaluate(self) -> Output:
        """Run it in eval mode, with one image and with several; says what it gives.

        Raises:
            UsageError: When it gives something else than a number for each image and class.
        """
        self._module.eval()
        with torch.no_grad():
            output = self._run(self._images(_EXAMPLES))
            again = self._run(self._images(_EXAMPLES))
            alone = self._run(self._images(_EXAMPLES)[:1])
        if not _are_close(output, again):
            raise UsageError(
                f"{self._name} answers the same images differently each time in eval mode: dropout "
                "that is called as a function wants training=self.training"
            )
        if not _are_close(output[:1], alone):
            self.warnings.append(
                f"{self._name} answers an image differently beside other images: it mixes the "
                "first dimension, the images of a batch, with another one"
            )
        return recognize(output)

    def _run(self, images: Tensor) -> Tensor:
        """The network's output, if it has the form that it should."""
        count, classes = len(images), self._conditions.classes
        with self._blamed(f"cannot take images of {tuple(images.shape)}, values from 0 to 1"):
            output = self._module(images)
        if not isinstance(output, Tensor):
            raise UsageError(
                f"{self._name} gives a {type(output).__name__}, not a tensor of "
                f"({count}, {classes})"
            )
        shape = tuple(output.shape)
        if len(shape) == 2 and shape[0] == count and shape[1] != classes:
            raise UsageError(
                f"{self._name} gives {shape[1]} numbers for each image, but there are {classes} "
                "classes: make its last layer that large, or let it take num_classes"
            )
        if shape != (count, classes):
            raise UsageError(
                f"{self._name} gives {shape} for {formatting.counted(count, 'image')}, "
                f"not ({count}, {classes}), a number for each image and class"
            )
        if not output.is_floating_point():
            raise UsageError(f"{self._name} gives {output.dtype}, not floating point")
        if not output.isfinite().all():
            raise UsageError(
                f"{self._name} gives values that are no finite numbers, with its first weights"
            )
        return output

    # In train mode.

    def train(self) -> Output:
        """Take a step with each size of batch that a run has; says what it gives.

        Raises:
            UsageError: When no weight learns from it, or a batch of one is too small for it.
        """
        conditions, leftovers = self._conditions, Leftovers(self._module)
        kind, is_squashed = Output.SCORES, True
        self._module.train()
        for size in sorted({min(conditions.batch_size, conditions.samples), conditions.last_batch}):
            if size == 1:
                self._check_batch_of_one()
            self._module.zero_grad()
            output = self._step(self._images(size))
            kind = recognize(output)
            is_squashed = is_squashed and _is_squashed(output)
        self._check_gradients()
        self.warnings += leftovers.describe(self._name)
        if kind is Output.PROBABILITIES:
            self.warnings.append(
                f"{self._name} ends in a softmax: it is trained by the logarithms of its "
                "probabilities, which is right; without the softmax it would learn a little better"
            )
        if kind is Output.SCORES and is_squashed:
            self.warnings.append(
                f"{self._name} gives no number below 0, as after a sigmoid or a ReLU: as scores of "
                "the classes it would learn better without what comes last"
            )
        return kind

    def _step(self, images: Tensor) -> Tensor:
        """Learn from some images; what the network gives for them."""
        output = self._run(images)
        kind = recognize(output)
        labels = torch.arange(len(images), device=output.device) % self._conditions.classes
        loss = F.nll_loss(kind.log_probabilities(output), labels)
        if not loss.requires_grad:
            raise UsageError(
                f"no weight of {self._name} gets a gradient: its result is detached, or computed "
                "without gradients"
            )
        with self._blamed("cannot be trained"):
            loss.backward()
        return output.detach()

    def _check_batch_of_one(self) -> None:
        conditions = self._conditions
        try:
            self._module(self._images(1))
        except ValueError as error:
            size = conditions.batch_size + 1
            while conditions.samples % size == 1:
                size += 1
            raise UsageError(
                f"the last batch of an epoch has one image, and {self._name} cannot learn from one "
                f"alone, as batch normalization cannot ({first_line(error)}); choose another "
                "batch size",
                Remedy(settings={"batch_size": size}),
            ) from error

    def _check_gradients(self) -> None:
        """Say which layers do not learn."""
        idle = [
            name.rpartition(".")[0] or name
            for name, parameter in self._module.named_parameters()
            if parameter.requires_grad and parameter.grad is None
        ]
        if idle:
            layers = ", ".join(dict.fromkeys(idle))
            self.warnings.append(
                f"{layers} of {self._name} gets no gradient and is not trained: forward does not "
                "use it, or detaches what it gives"
            )


def sample_output(classifier: Classifier) -> Output:
    """What a network that is on the CPU gives in eval mode, found out by running it."""
    classifier.module.eval()
    with torch.no_grad():
        images = torch.rand(_EXAMPLES, 1, 28, 28, generator=torch.Generator().manual_seed(0))
        return recognize(classifier.module(images))


def _are_close(output: Tensor, other: Tensor) -> bool:
    """Whether two outputs are the same but for rounding."""
    return torch.allclose(output, other, rtol=1e-3, atol=1e-4)


def _is_equal(value: Any, other: Any) -> bool:
    is_tensor = isinstance(value, Tensor) and isinstance(other, Tensor)
    return not is_tensor or (value.shape == other.shape and torch.equal(value, other))


def _is_squashed(output: Tensor) -> bool:
    """Whether scores lie as after a sigmoid, from 0 to 1, or as after a ReLU, many at 0."""
    return bool((output >= 0).all() and ((output <= 1).all() or (output == 0).any()))
