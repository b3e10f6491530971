"""Test how the texts of requests are gathered: batches, fairness, faults, cancelling, the end."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import pytest

from t5tune.decoding.translator import Hypothesis
from t5tune.serving.request_queue import Found, Job, QueueIsFull, RequestQueue, Search


class Gate:
    """An engine that waits until it is opened, and remembers its batches."""

    num_threads = 1

    def __init__(self, *, is_open: bool = False) -> None:
        self.batches: list[list[str]] = []
        self.opened = threading.Event()
        self.entered = threading.Semaphore(0)
        if is_open:
            self.opened.set()

    def translate(self, texts: Sequence[str], search: Search) -> list[Found]:
        self.batches.append(list(texts))
        self.entered.release()
        assert self.opened.wait(60)
        if "poison" in texts:
            raise ValueError("poison")
        return [[Hypothesis(text.upper(), 1, False)] for text in texts]


async def collect(job: Job) -> list[str]:
    return [found[0].text async for found in job.each()]


def use(
    engine: Gate, work: Callable[[RequestQueue], Coroutine[Any, Any, Any]], **settings: int
) -> Any:
    queue = RequestQueue(engine, **{"texts_per_batch": 4, "max_waiting": 100, **settings})

    async def run() -> Any:
        try:
            return await work(queue)
        finally:
            engine.opened.set()
            await asyncio.to_thread(queue.close)

    return asyncio.run(run())


async def enter(engine: Gate) -> None:
    """Wait until the engine has a batch."""
    assert await asyncio.to_thread(engine.entered.acquire, timeout=60)


def test_texts_that_wait_are_translated_together_and_a_long_job_holds_up_nobody() -> None:
    engine = Gate()

    async def work(queue: RequestQueue) -> list[list[str]]:
        first = queue.submit(["first"], Search())
        await enter(engine)
        long = queue.submit([f"long {i}" for i in range(6)], Search())
        short = queue.submit(["short"], Search())
        other = queue.submit(["other"], Search(num_hypotheses=2))
        engine.opened.set()
        return [await collect(job) for job in (first, long, short, other)]

    results = use(engine, work)
    assert results[1] == [f"LONG {i}" for i in range(6)]
    assert [results[0], *results[2:]] == [["FIRST"], ["SHORT"], ["OTHER"]]
    assert engine.batches[:2] == [["first"], ["long 0", "long 1", "long 2", "short"]]
    # What is left of the long one comes after what was waiting.
    assert engine.batches[2:] == [["other"], ["long 3", "long 4", "long 5"]]


def test_one_job_that_fails_takes_no_other_with_it() -> None:
    engine = Gate()

    async def work(queue: RequestQueue) -> list[Any]:
        queue.submit(["first"], Search())
        await enter(engine)
        jobs = [queue.submit([text], Search()) for text in ("good", "poison", "fine")]
        engine.opened.set()
        return await asyncio.gather(*map(collect, jobs), return_exceptions=True)

    good, poisoned, fine = use(engine, work)
    assert (good, fine) == (["GOOD"], ["FINE"])
    assert isinstance(poisoned, ValueError)


def test_a_cancelled_job_is_not_begun_and_a_full_queue_refuses() -> None:
    engine = Gate()

    async def work(queue: RequestQueue) -> tuple[int, list[str]]:
        first = queue.submit(["first"], Search())
        await enter(engine)
        left = queue.submit(["left", "left too"], Search())
        with pytest.raises(QueueIsFull):
            queue.submit(["more"], Search())
        num_cancelled = queue.cancel(left)
        stays = queue.submit(["stays"], Search())
        engine.opened.set()
        assert queue.cancel(first) == 0
        return num_cancelled, await collect(stays)

    assert use(engine, work, max_waiting=2) == (2, ["STAYS"])
    assert engine.batches == [["first"], ["stays"]]


def test_what_waits_when_the_queue_is_closed_is_translated_with_the_newest_engine() -> None:
    old, new = Gate(), Gate(is_open=True)

    async def work(queue: RequestQueue) -> list[str]:
        jobs = [queue.submit(["old"], Search())]
        await enter(old)
        jobs.append(queue.submit(["new"], Search()))
        queue.replace(new)
        closing = asyncio.create_task(asyncio.to_thread(queue.close))
        old.opened.set()
        await closing
        return [text for job in jobs for text in await collect(job)]

    assert use(old, work) == ["OLD", "NEW"]
    assert (old.batches, new.batches) == ([["old"]], [["new"]])


def test_two_threads_begin_when_as_much_waits_as_is_translated() -> None:
    engine = Gate()
    engine.num_threads = 2

    async def work(queue: RequestQueue) -> None:
        jobs = [queue.submit(["a", "b"], Search())]
        await enter(engine)
        jobs.append(queue.submit(["c"], Search()))
        assert not await asyncio.to_thread(engine.entered.acquire, timeout=0.2)
        jobs.append(queue.submit(["d"], Search()))
        await enter(engine)
        assert engine.batches == [["a", "b"], ["c", "d"]]
        engine.opened.set()
        for job in jobs:
            await collect(job)

    use(engine, work)


def test_a_long_text_takes_the_place_of_several_and_one_larger_than_a_batch_is_one() -> None:
    engine = Gate()
    double, huge = "d" * 150, "h" * 2000

    async def work(queue: RequestQueue) -> list[list[str]]:
        jobs = [queue.submit(["first"], Search())]
        await enter(engine)
        waiting = ([double, double, "a"], ["b", huge, "c"], ["e"])
        jobs += [queue.submit(texts, Search()) for texts in waiting]
        engine.opened.set()
        return [await collect(job) for job in jobs]

    results = use(engine, work)
    assert results[2] == ["B", huge.upper(), "C"]
    assert engine.batches[1:] == [[double, "b", "e"], [double, "a"], [huge], ["c"]]


def test_a_third_thread_begins_with_a_full_batch() -> None:
    engine = Gate()
    engine.num_threads = 3

    async def work(queue: RequestQueue) -> None:
        jobs = []
        for name in "abc":  # two batches are being translated, and the third is as large as one
            jobs.append(queue.submit([f"{name}{n}" for n in range(4)], Search()))
            await enter(engine)
        engine.opened.set()
        for job in jobs:
            await collect(job)

    use(engine, work)


def test_a_thread_is_woken_only_for_a_batch() -> None:
    engine = Gate()
    engine.num_threads = 2
    looks = 0

    async def work(queue: RequestQueue) -> None:
        may_begin = queue._may_begin

        def count_looks() -> bool:
            nonlocal looks
            looks += threading.current_thread().name == "translation"
            return may_begin()

        jobs = [queue.submit(["a", "b"], Search())]
        await enter(engine)
        # What a thread asks first when it is woken.
        queue._may_begin = count_looks  # type: ignore[method-assign]
        jobs.append(queue.submit(["c"], Search()))
        await asyncio.sleep(0.2)
        assert looks == 0
        jobs.append(queue.submit(["d"], Search()))
        await enter(engine)
        assert looks > 0
        engine.opened.set()
        for job in jobs:
            await collect(job)

    use(engine, work)


def test_all_threads_end_when_what_waits_is_cancelled_while_the_queue_is_closed() -> None:
    engine = Gate()
    engine.num_threads = 2

    async def work(queue: RequestQueue) -> None:
        queue.submit(["a", "b"], Search())
        await enter(engine)
        left = queue.submit(["c"], Search())
        closing = asyncio.create_task(asyncio.to_thread(queue.close))
        await asyncio.sleep(0.2)
        assert queue.cancel(left) == 1
        engine.opened.set()
        await asyncio.wait_for(closing, 60)

    use(engine, work)
    assert engine.batches == [["a", "b"]]
