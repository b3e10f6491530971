"""What computes chunks: a map that keeps the order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Executor(Protocol):
    """Computes a function of items, wherever it likes."""

    def __call__(
        self, function: Callable[[Item], Result], items: Iterable[Item], /
    ) -> Iterator[tuple[Item, Result]]:
        """Yield each item with the function's result, in order.

        Args:
            function: Function that neither prints nor uses torch, and whose result depends on
                nothing but the item.
            items: Items of any number; a few for each core are read ahead.

        Raises:
            T5TuneError: A process that computed was lost, as happens when the memory is full.
        """
