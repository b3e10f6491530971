"""The texts of all requests, gathered into batches that threads translate."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from t5tune.decoding.translator import Hypothesis

Found = list[Hypothesis]  # of one text, best first

CHARACTERS = 100  # for which a text counts as another one: a long one is translated in parts


@dataclass(frozen=True)
class Search:
    """What is searched for; texts with the same search are translated together.

    Attributes:
        source_lang: Language of the sources, as the model spells it; None if it has none.
        target_lang: Language of the translations, likewise.
        num_hypotheses: Number of hypotheses with their scores; None for the best without a score.
    """

    source_lang: str | None = None
    target_lang: str | None = None
    num_hypotheses: int | None = None


class Engine(Protocol):
    """What translates the texts of a queue."""

    num_threads: int  # threads that may translate at the same time

    def translate(self, texts: Sequence[str], search: Search) -> list[Found]:
        """Return the hypotheses of each text; only the best one unless more are asked for."""
        ...


class QueueIsFull(Exception):  # noqa: N818 (a state, which a client is told of)
    """The queue has as many texts waiting as it may have."""


class Job:
    """The texts of one request on their way through the queue.

    It belongs to the event loop in which it was made; only `num_begun` is the queue's.
    """

    def __init__(self, texts: Sequence[str], search: Search) -> None:
        self.texts = texts
        self.search = search
        self.num_begun = 0
        self._found: list[Found | None] = [None] * len(texts)
        self._error: Exception | None = None
        self._changed = asyncio.Event()
        self.loop = asyncio.get_running_loop()

    def receive(self, start: int, found: Sequence[Found] | Exception) -> None:
        """Take the hypotheses of some texts, or the error that kept them from being translated."""
        if isinstance(found, Exception):
            self._error = found
        else:
            self._found[start : start + len(found)] = found
        self._changed.set()

    async def each(self) -> AsyncIterator[Found]:
        """Yield the hypotheses of each text, in their order, as soon as they are there.

        Raises:
            Exception: What the engine raised.
        """
        for place in range(len(self.texts)):
            while (found := self._found[place]) is None:
                if self._error is not None:
                    raise self._error
                self._changed.clear()
                await self._changed.wait()
            yield found


@dataclass(frozen=True)
class _Share:
    """The texts of one job in a batch."""

    job: Job
    start: int
    end: int

    @property
    def texts(self) -> Sequence[str]:
        return self.job.texts[self.start : self.end]


class RequestQueue:
    """A queue of jobs, and the threads that translate their texts in batches.

    A batch has texts of all jobs with the same search that wait, so that a long document holds up
    nobody. While a batch is being translated, the next one begins when at least as many texts wait
    for it: then the engine is never idle, and batches do not become small.

    Args:
        engine: Engine that translates; `replace` exchanges it.
        texts_per_batch: Most texts of a batch; a long one counts as several.
        max_waiting: Number of waiting texts from which on no more jobs are accepted.
        on_batch: Called in a thread with the size of each batch.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        texts_per_batch: int,
        max_waiting: int,
        on_batch: Callable[[int], object] = lambda _: None,
    ) -> None:
        self._engine = engine
        self._texts_per_batch = texts_per_batch
        self._max_waiting = max_waiting
        self._on_batch = on_batch
        self._waiting: deque[Job] = deque()
        self._num_in_flight = 0
        self._is_closed = False
        self._changed = threading.Condition()
        self._threads = [
            threading.Thread(target=self._work, name="translation", daemon=True)
            for _ in range(engine.num_threads)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def num_waiting(self) -> int:
        """Number of texts that wait to be translated."""
        with self._changed:
            return self._count_waiting()

    def submit(self, texts: Sequence[str], search: Search) -> Job:
        """Put the texts of a request into the queue; called in the event loop.

        Raises:
            QueueIsFull: Too many texts wait.
        """
        job = Job(texts, search)
        with self._changed:
            if self._count_waiting() >= self._max_waiting:
                raise QueueIsFull
            if texts:
                self._waiting.append(job)
                self._wake()
        return job

    def cancel(self, job: Job) -> int:
        """Take out the texts of a job that were not begun, and return their number."""
        with self._changed:
            num_left = len(job.texts) - job.num_begun
            if job in self._waiting:
                self._waiting.remove(job)
                return num_left
        return 0

    def replace(self, engine: Engine) -> None:
        """Translate with another engine from the next batch on; the old one is let go of."""
        self._engine = engine

    def close(self) -> None:
        """Translate what waits, and end the threads."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _count_waiting(self) -> int:
        return sum(len(job.texts) - job.num_begun for job in self._waiting)

    def _work(self) -> None:
        while shares := self._next_batch():
            num_texts = sum(share.end - share.start for share in shares)
            try:
                self._translate(shares)
            finally:
                with self._changed:
                    self._num_in_flight -= num_texts

    def _next_batch(self) -> list[_Share]:
        """Wait for texts, and return those of the next batch; none when the queue is closed."""
        with self._changed:
            while not (self._waiting and self._may_begin()):
                if self._is_closed and not self._waiting:
                    self._changed.notify_all()
                    return []
                self._changed.wait()
            shares = self._take()
            self._num_in_flight += sum(share.end - share.start for share in shares)
            self._wake()
            return shares

    def _wake(self) -> None:
        """Wake up a thread if there is a batch for it; one woken for nothing takes time as well.

        A thread that has finished a batch looks for the next one by itself.
        """
        if self._is_closed:
            self._changed.notify_all()
        elif self._waiting and self._may_begin():
            self._changed.notify()

    def _may_begin(self) -> bool:
        enough = min(self._num_in_flight, self._texts_per_batch)
        return self._count_waiting() >= enough

    def _take(self) -> list[_Share]:
        """Take texts of all jobs with the search of the first one, in turn, until a batch is full.

        Jobs of which something is left go to the end.
        """
        search = self._waiting[0].search
        same = [job for job in self._waiting if job.search == search]
        ends = {id(job): job.num_begun for job in same}
        room, turns = self._texts_per_batch, deque(same)
        while turns and room > 0:
            job = turns.popleft()
            place = ends[id(job)]
            weight = 1 + len(job.texts[place]) // CHARACTERS
            if weight > room and room < self._texts_per_batch:
                continue  # of a text that is larger than a batch, that batch consists
            ends[id(job)] = place + 1
            room -= weight
            if place + 1 < len(job.texts):
                turns.append(job)
        shares = [_Share(job, job.num_begun, ends[id(job)]) for job in same]
        shares = [share for share in shares if share.end > share.start]
        for share in shares:
            self._waiting.remove(share.job)
            share.job.num_begun = share.end
            if share.end < len(share.job.texts):
                self._waiting.append(share.job)
        return shares

    def _translate(self, shares: Sequence[_Share]) -> None:
        """Translate a batch, and give each job its part.

        If that fails, the jobs are translated one by one, so that the others do not fail with the
        one that is to blame.
        """
        engine, search = self._engine, shares[0].job.search
        texts = [text for share in shares for text in share.texts]
        self._on_batch(len(texts))
        try:
            found: Sequence[Found] | Exception = engine.translate(texts, search)
        except Exception as error:
            if len(shares) > 1:
                for share in shares:
                    self._translate([share])
                return
            found = error
        with suppress(RuntimeError):  # the loop has ended, and nobody waits any more
            # All answers in one call: the loop wakes up once for them.
            shares[0].job.loop.call_soon_threadsafe(_deliver, shares, found)


def _deliver(shares: Sequence[_Share], found: Sequence[Found] | Exception) -> None:
    done = 0
    for share in shares:
        if isinstance(found, Exception):
            share.job.receive(share.start, found)
        else:
            num = share.end - share.start
            share.job.receive(share.start, found[done : done + num])
            done += num
