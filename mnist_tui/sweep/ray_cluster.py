"""A Ray cluster: connecting to it, and what its nodes are like."""

import asyncio
import socket
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from mnist_tui.errors import Remedy, UsageError
from mnist_tui.sweep.cluster import LOCAL, Cluster
from mnist_tui.sweep.node import Node, describe_node
from mnist_tui.version import __version__

_ANSWER_S: Final = 5.0
"""How long a machine may take to take a connection."""
_TRIES: Final = 3
"""How often to ask a cluster that could not start what serves a program outside of it."""
_STORE_BYTES: Final = 200 << 20
"""The object store of a cluster of our own, through which the files of runs go."""
_TRACEBACK: Final = "Traceback (most recent call last):"
_LOCAL: Final = Remedy(settings={"ray": LOCAL})


def connect(cluster: Cluster) -> None:
    """Connect this process to a cluster, or make one that ends with it.

    Raises:
        UsageError: When that cannot be done.
    """
    _see_that_it_answers(cluster)
    try:
        for _ in range(_TRIES - 1):
            with suppress(ConnectionAbortedError):
                return _join(cluster)
        _join(cluster)
    except ConnectionAbortedError as error:
        raise _unusable(cluster, error) from error
    except ConnectionError as error:
        if cluster.place is None:
            raise _no_answer(cluster, one_line(error)) from error
        raise UsageError(
            f"{cluster.name} cannot be joined: {one_line(error)}; "
            "if it wants a token, as newer ones do, set RAY_AUTH_MODE=token",
            _LOCAL,
        ) from error
    except Exception as error:  # Ray raises of every kind
        raise _unusable(cluster, error) from error


def _join(cluster: Cluster) -> None:
    own = {"include_dashboard": False, "object_store_memory": _STORE_BYTES}
    ray.init(
        cluster.address,
        log_to_driver=False,
        logging_level="ERROR",
        **(own if cluster.address == LOCAL else {}),
    )


def _unusable(cluster: Cluster, error: BaseException) -> UsageError:
    return UsageError(f"{cluster.name} cannot be used: {one_line(error)}", _LOCAL)


def _see_that_it_answers(cluster: Cluster) -> None:
    """Find out at once what takes Ray minutes."""
    place = cluster.place
    if place is None:
        return
    try:
        socket.create_connection(place, _ANSWER_S).close()
    except (OSError, OverflowError, UnicodeError) as error:  # of ports and names that are none
        raise _no_answer(cluster, getattr(error, "strerror", None) or str(error)) from error


def _no_answer(cluster: Cluster, reason: str) -> UsageError:
    return UsageError(
        f"{cluster.name} does not answer ({reason}): start one, as `ray start --head` does, or "
        "take this machine alone",
        _LOCAL,
    )


def one_line(error: BaseException) -> str:
    """What an error of Ray's says, without its further lines where there are many.

    Of a traceback of another process, which some errors hold, only its last line.
    """
    lines = [line.strip() for line in str(error).strip().splitlines() if line.strip()]
    if _TRACEBACK in lines:
        lines = [*lines[: lines.index(_TRACEBACK)], lines[-1]]
    return " ".join(lines[:6]) or type(error).__name__


def choose_gpus(cluster: Cluster) -> float:
    """How many GPUs each run gets."""
    if cluster.gpus is not None:
        return cluster.gpus
    return 1.0 if any(node["Resources"].get("GPU") for node in _live_nodes()) else 0.0


def count_slots(cpus: int, gpus: float) -> dict[str, int]:
    """How many runs each node can train at a time, by its id; those that can train one."""
    slots = {}
    for node in _live_nodes():
        has = node["Resources"]
        # In ten-thousandths, as Ray counts: 0.3 of a GPU is there three times.
        wanted = [("CPU", cpus)] + ([("GPU", gpus)] if gpus else [])
        rooms = [round(has.get(what, 0) * 1e4) // round(much * 1e4) for what, much in wanted]
        if min(rooms):
            slots[node["NodeID"]] = min(rooms)
    return slots


def _live_nodes() -> list[dict[str, Any]]:
    return [node for node in ray.nodes() if node["Alive"]]


async def describe_nodes(ids: Sequence[str], marker: Path) -> list[Node]:
    """What the nodes are like. See `describe_node`.

    Raises:
        UsageError: When one cannot train what this machine would.
    """
    describe: Any = ray.remote(describe_node)
    answers = [
        describe.options(
            num_cpus=0, scheduling_strategy=NodeAffinitySchedulingStrategy(node, soft=False)
        ).remote(marker)
        for node in ids
    ]
    hosts = {node["NodeID"]: node["NodeManagerHostname"] for node in _live_nodes()}
    found = await asyncio.gather(*answers, return_exceptions=True)
    nodes: list[Node] = []
    for node_id, answer in zip(ids, found, strict=True):
        problem = problem_of(answer, hosts.get(node_id, "a node"))
        if problem or isinstance(answer, BaseException):
            raise UsageError(problem)
        nodes.append(answer)
    return nodes


def problem_of(answer: Node | BaseException, host: str) -> str:
    """Why a node cannot train what this machine would, by its answer; empty when it can."""
    if isinstance(answer, Node):
        if answer.version == __version__:
            return ""
        return (
            f"{answer.host} has mnist-tui {answer.version}, and this machine {__version__}: "
            "install the same version on both"
        )
    if "No module named" in str(answer):
        return (
            f"{host} has no mnist-tui {__version__} where Ray runs: install it there, with torch "
            "and all"
        )
    return f"{host} cannot be used: {one_line(answer)}"
