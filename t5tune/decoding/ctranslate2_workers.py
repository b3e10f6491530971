"""Workers of CTranslate2: the weights that they share, and batches that keep all of them busy."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, TypeVar

import ctranslate2

from t5tune.decoding.ctranslate2_device import find_device
from t5tune.decoding.export.settings import remake_command
from t5tune.decoding.translator import OnProgress
from t5tune.errors import T5TuneError, shorten_reason

T = TypeVar("T")

WAITING_PER_WORKER = 2  # batches; enough that no worker waits


class Workers:
    """Workers that compute with one export.

    Args:
        directory: Directory of the export.
        quantization: Type of its weights.
        num: Number of workers: one for each GPU or, without GPUs, one for each core.
        blaming_files: Context that says so if files of the export are damaged.
    """

    def __init__(
        self,
        directory: Path,
        quantization: str,
        num: int,
        blaming_files: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self.num = num
        self._directory = directory
        self._quantization = quantization
        self._blaming_files = blaming_files
        self._model: Any = None

    def load(self) -> Any:
        """Return the loaded weights, which all workers of a device share.

        Each worker has one thread: a second thread for the same sentence made every size that was
        tried slower, up to 40 times (docs/benchmarks.md).

        Raises:
            T5TuneError: CTranslate2 cannot load them.
        """
        if self._model is None:
            workers: dict[str, Any] = {"device_index": list(range(self.num))}
            if find_device() == "cpu":
                workers = {"inter_threads": self.num, "intra_threads": 1}
            try:
                with self._blaming_files():
                    self._model = ctranslate2.Translator(
                        str(self._directory),
                        device=find_device(),
                        compute_type=self._quantization,
                        **workers,
                    )
            except (RuntimeError, ValueError) as error:
                raise T5TuneError(
                    f"{self._directory}: CTranslate2 cannot load it: {error}",
                    next_command=remake_command(self._directory),
                ) from error
        return self._model

    def run(
        self,
        batches: Sequence[list[int]],
        start: Callable[[list[int]], list[Any]],
        read: Callable[[list[int], Sequence[Any]], Sequence[T]],
        on_progress: OnProgress,
    ) -> list[T]:
        """Keep all workers busy, and return the results of all batches by their indices.

        Args:
            batches: Indices of each batch, each index once.
            start: Function that hands a batch to CTranslate2.
            read: Function from the indices and results of a batch to what is returned.
            on_progress: See `translate`.

        Raises:
            T5TuneError: CTranslate2 fails with a batch.
        """
        found: dict[int, T] = {}
        waiting: deque[tuple[list[int], list[Any]]] = deque()

        def receive() -> None:
            batch, results = waiting.popleft()
            try:
                finished = [result.result() for result in results]
            except RuntimeError as error:  # a GPU is out of memory, or lacks a library
                raise T5TuneError(
                    f"{self._directory}: CTranslate2 failed while translating: "
                    f"{shorten_reason(error)}",
                    next_command="the same command with --engine torch",
                ) from error
            found.update(zip(batch, read(batch, finished), strict=True))
            if on_progress is not None:
                on_progress(len(batch))

        for batch in batches:
            if len(waiting) >= WAITING_PER_WORKER * self.num:
                receive()
            waiting.append((batch, start(batch)))
        while waiting:
            receive()
        return [found[index] for index in range(len(found))]
