"""A function of chunks, computed by all cores in copies of this process."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import chain, islice, repeat
from typing import Any, TypeVar

from t5tune.distributed.launch_environment import count_cores
from t5tune.distributed.worker import end_with_parent
from t5tune.errors import T5TuneError

_ITEMS_ALONE = 4  # items that this process computes itself before it starts others

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_on_all_cores(
    function: Callable[[Item], Result], items: Iterable[Item]
) -> Iterator[tuple[Item, Result]]:
    """Yield each item with the function's result, in order.

    The first items are computed in this process. If there are more, copies of it share the rest,
    one for each core: they have the function from the start, and only items and results travel.
    Where processes cannot be copied safely (macOS, Windows), this one computes everything.

    Args:
        function: Function that neither prints nor uses torch.
        items: Items of any number; a few for each core are read ahead.

    Raises:
        T5TuneError: The system has ended a copy, as it does when the memory is full.
    """
    iterator = iter(items)
    alone = _ITEMS_ALONE if sys.platform == "linux" and count_cores() > 1 else None
    for item in islice(iterator, alone):
        yield item, function(item)
    for item in iterator:
        with _copies(function) as submit:
            yield from collect_in_order(submit, chain([item], iterator), repeat(2 * count_cores()))


def collect_in_order(
    submit: Callable[[Item], Callable[[], Result]], items: Iterable[Item], limits: Iterator[int]
) -> Iterator[tuple[Item, Result]]:
    """Yield each item with its result, in order.

    Args:
        submit: Function that has an item computed elsewhere, and returns what waits for its result.
        items: Items of any number.
        limits: Number of items that may wait, for each item.
    """
    waiting: deque[tuple[Item, Callable[[], Result]]] = deque()
    for item in items:
        waiting.append((item, submit(item)))
        if len(waiting) > next(limits):
            done, wait = waiting.popleft()
            yield done, wait()
    for item, wait in waiting:
        yield item, wait()


_function: Callable[[Any], Any]  # of this process, if it is a copy


@contextmanager
def _copies(function: Callable[[Item], Result]) -> Iterator[Callable[[Item], Callable[[], Result]]]:
    """Start copies of this process; they end with the context, or with this process."""
    context = multiprocessing.get_context("fork")
    pool = ProcessPoolExecutor(count_cores(), context, _begin, (function, os.getpid()))
    try:
        yield lambda item: pool.submit(_compute, item).result
    except BrokenProcessPool as error:
        raise T5TuneError(
            "The system ended a process that was tokenizing; that happens when the memory is full.",
            next_command="the same command when other programs have ended   # free -h shows the "
            "memory",
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _begin(function: Callable[[Any], Any], parent: int) -> None:
    global _function
    _function = function
    # Ctrl-C reaches every process of the terminal; the first one decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    end_with_parent(parent)
    os.environ["TOKENIZERS_PARALLELISM"] = "false"  # every core has a process already


def _compute(item: Any) -> Any:
    return _function(item)
