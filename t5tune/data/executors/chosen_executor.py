"""The executor that is in use, and the table of all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar

from t5tune.data.executors.executor import Executor, Item, Result
from t5tune.data.executors.ray_cluster import open_cluster
from t5tune.data.parallel_map import map_on_all_cores
from t5tune.errors import T5TuneError, did_you_mean


@contextmanager
def _use_this_machine(address: str | None) -> Iterator[Executor]:
    if address is not None:
        raise T5TuneError(
            "--address is the address of a cluster, and --executor local uses this machine.",
            next_command="add --executor ray, or leave out --address",
        )
    yield map_on_all_cores


# Functions that open an executor, by its name, from the address of a cluster.
EXECUTORS: dict[str, Callable[[str | None], AbstractContextManager[Executor]]] = {
    "local": _use_this_machine,
    "ray": open_cluster,
}

_chosen: ContextVar[Executor] = ContextVar("executor", default=map_on_all_cores)


@contextmanager
def executing_on(name: str, address: str | None = None) -> Iterator[None]:
    """Let an executor compute chunks within this context.

    Args:
        name: Name of the executor.
        address: Address of its cluster, if it has one; None for the one that is found.

    Raises:
        T5TuneError: The executor does not exist or cannot be reached.
    """
    if name not in EXECUTORS:
        *others, last = EXECUTORS
        raise T5TuneError(
            f"--executor {name} is neither {', '.join(others)} nor {last}"
            f"{did_you_mean(name, EXECUTORS) or '.'}",
            next_command=f"--executor {last}",
        )
    with EXECUTORS[name](address) as executor:
        token = _chosen.set(executor)
        try:
            yield
        finally:
            _chosen.reset(token)


def map_in_order(
    function: Callable[[Item], Result], items: Iterable[Item]
) -> Iterator[tuple[Item, Result]]:
    """Return what the executor in use yields; see `Executor`."""
    return _chosen.get()(function, items)
