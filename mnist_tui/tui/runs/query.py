"""A filter for runs, as it is typed: words, and conditions on settings and results."""

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from mnist_tui.store.summary import RunSummary

Test = Callable[[RunSummary], bool]

_NUMBERS: Final[Mapping[str, Callable[[RunSummary], float | None]]] = {
    "accuracy": lambda run: None if run.best_val_accuracy is None else 100 * run.best_val_accuracy,
    "batch": lambda run: run.batch_size,
    "epochs": lambda run: run.epochs_done,
    "loss": lambda run: run.val_loss,
    "lr": lambda run: run.lr,
    "minutes": lambda run: run.duration_s / 60,
    "seed": lambda run: run.seed,
}
"""What can be compared with a number. Accuracies are in percent."""

_WORDS: Final[Mapping[str, Callable[[RunSummary], str]]] = {
    "data": lambda run: run.dataset,
    "model": lambda run: run.network,
    "name": lambda run: run.name,
    "note": lambda run: run.note,
    "optimizer": lambda run: run.optimizer,
    "recipe": lambda run: run.recipe,
    "state": lambda run: run.state,
    "tag": lambda run: " ".join(run.tags),
}
"""What can be searched for a word."""

_OPERATORS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "=": operator.eq,
    ":": operator.eq,
}
_CONDITION: Final = re.compile(r"([a-z]+)(<=|>=|!=|<|>|=|:)(.*)")

HELP: Final = f"words, or {', '.join(_WORDS)} with :, or {', '.join(_NUMBERS)} with < > ="


def parse_query(text: str) -> Test:
    """What decides whether a run is shown: all of the words and conditions in `text` hold.

    `fast mnist` are words found anywhere; `data:fashion` looks in one place, and `lr<0.01` and
    `accuracy>=98` compare. What is no condition, or not yet, counts as a word.
    """
    tests = [_test(term) for term in text.lower().split()]
    return lambda run: all(test(run) for test in tests)


def _test(term: str) -> Test:
    condition = _CONDITION.fullmatch(term)
    if condition is not None:
        name, sign, value = condition.groups()
        if name in _WORDS and sign in (":", "=", "!="):
            return _word_test(_WORDS[name], value, wanted=sign != "!=")
        if name in _NUMBERS and (number := _number(value)) is not None:
            return _number_test(_NUMBERS[name], _OPERATORS[sign], number)
        if name in _NUMBERS and not value:
            return lambda run: True  # the number is still to be typed
    return lambda run: any(term in word_of(run).lower() for word_of in _WORDS.values())


def _word_test(word_of: Callable[[RunSummary], str], part: str, *, wanted: bool) -> Test:
    return lambda run: (part in word_of(run).lower()) == wanted


def _number_test(
    number_of: Callable[[RunSummary], float | None],
    compare: Callable[[Any, Any], bool],
    number: float,
) -> Test:
    def test(run: RunSummary) -> bool:
        value = number_of(run)
        return value is not None and compare(value, number)

    return test


def _number(text: str) -> float | None:
    try:
        return float(text.removesuffix("%"))
    except ValueError:
        return None
