"""A filter for runs, as it is typed: words, and conditions on settings and results."""

import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
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

_OTHER_NAMES: Final[Mapping[str, str]] = {"acc": "accuracy", "best": "accuracy"}
"""What is understood beside the names above."""

_OPERATORS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "=": operator.eq,
    ":": operator.eq,
}
_CONDITION: Final = re.compile(r"([a-z_-]*)(<=|>=|!=|<|>|=|:)(.*)")

EXAMPLES: Final = "words, lr<0.01, accuracy>98, data:fashion, tag:demo"
"""What can be typed, short enough for one line of a small terminal."""
HELP: Final = f"words, or {', '.join(_WORDS)} with :, or {', '.join(_NUMBERS)} with < > ="


@dataclass(frozen=True)
class Query:
    """What decides whether a run is shown: all of the words and conditions hold for it."""

    tests: tuple[Test, ...] = ()
    problem: str = ""
    """Why the first condition that is not understood is not, in one line; empty: all are."""

    def __call__(self, run: RunSummary) -> bool:
        return all(test(run) for test in self.tests)


def parse_query(text: str) -> Query:
    """The query that is typed as `text`. Never fails: what cannot be meant is its `problem`.

    `fast mnist` are words found anywhere; `data:fashion` looks in one place, and `lr<0.01` and
    `accuracy>=98` compare. What is no condition, or not yet, counts as a word: names of runs have
    `=` in them, too.
    """
    terms = text.lower().split()
    problems = (f"{term}: {problem}" for term in terms if (problem := _problem(term)))
    return Query(tuple(map(_test, terms)), next(problems, ""))


def _parts(term: str) -> tuple[str, str, str] | None:
    """Name, operator and value of a condition, the name as it is known here; None for a word."""
    condition = _CONDITION.fullmatch(term)
    if condition is None:
        return None
    name, sign, value = condition.groups()
    return _OTHER_NAMES.get(name, name), sign, value


def _problem(term: str) -> str:
    """Why a term that looks like a condition is none; empty where it is one, or is a word."""
    name, sign, value = _parts(term) or ("", "", "")
    if not name:
        return "a condition has no spaces, as in lr<0.01" if sign else ""
    if name in _NUMBERS:
        is_number = not value or _number(name, value) is not None
        return "" if is_number else f"{value} is not a number"
    finds_words = sign in (":", "=", "!=")
    if name in _WORDS:
        return "" if finds_words else f"{name} is found by words, as in {name}:word"
    known = sorted({*_NUMBERS, *(_WORDS if finds_words else ())})
    return f"there is no column {name}; {', '.join(known)}"


def _test(term: str) -> Test:
    parts = _parts(term)
    if parts is not None:
        name, sign, value = parts
        if name in _WORDS and sign in (":", "=", "!="):
            return _word_test(_WORDS[name], value, wanted=sign != "!=")
        if name in _NUMBERS and (number := _number(name, value)) is not None:
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


def _number(name: str, text: str) -> float | None:
    """The number to compare with; None where `text` is none.

    Of accuracies it is in percent, where 98%, 98 and 0.98 are the same.
    """
    is_percent = name == "accuracy" and text.endswith("%")
    try:
        number = float(text.removesuffix("%") if is_percent else text)
    except ValueError:
        return None
    if math.isnan(number):
        return None
    is_fraction = name == "accuracy" and not is_percent and abs(number) <= 1
    return 100 * number if is_fraction else number
