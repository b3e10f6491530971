"""Chunks that all cores compute: in order, each once, and nothing left behind."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator

import psutil
import pytest

from t5tune.data import parallel_map
from t5tune.data.parallel_map import map_on_all_cores
from t5tune.errors import T5TuneError

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="copies processes")


@pytest.fixture(autouse=True)
def cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel_map, "count_cores", lambda: 3)


def children() -> set[psutil.Process]:
    return set(psutil.Process().children(recursive=True))


def test_results_come_in_order_from_several_processes() -> None:
    def work(number: int) -> tuple[int, int]:
        time.sleep(0.02 * (number % 3))
        return number * number, os.getpid()

    before = children()
    pairs = list(map_on_all_cores(work, range(40)))
    assert [item for item, _ in pairs] == list(range(40))
    assert [result[0] for _, result in pairs] == [n * n for n in range(40)]
    processes = [result[1] for _, result in pairs]
    assert set(processes[:4]) == {os.getpid()}
    assert len(set(processes[4:])) == 3
    assert os.getpid() not in processes[4:]
    assert not children() - before


def test_few_items_need_no_other_process() -> None:
    assert {result for _, result in map_on_all_cores(lambda _: os.getpid(), range(4))} == {
        os.getpid()
    }
    assert list(map_on_all_cores(abs, [])) == []


def test_only_a_few_items_are_read_ahead() -> None:
    before = children()
    read: list[int] = []

    def items() -> Iterator[int]:
        for number in range(1000):
            read.append(number)
            yield number

    results = map_on_all_cores(abs, items())
    for _ in range(10):
        next(results)
    results.close()  # type: ignore[attr-defined]
    assert len(read) < 25
    assert not children() - before


def test_an_error_comes_through() -> None:
    def work(number: int) -> int:
        if number == 17:
            raise T5TuneError("17 is damaged", next_command="mend it")
        return number

    before = children()
    with pytest.raises(T5TuneError, match="17 is damaged") as caught:
        list(map_on_all_cores(work, range(1000)))
    assert caught.value.next_command == "mend it"
    assert not children() - before


def test_a_copy_that_the_system_ends_is_one_sentence() -> None:
    def work(number: int) -> int:
        if number == 17:
            os.kill(os.getpid(), signal.SIGKILL)
        return number

    with pytest.raises(T5TuneError, match="memory is full"):
        list(map_on_all_cores(work, range(1000)))


def test_copies_end_with_this_process() -> None:
    def work(number: int) -> int:
        time.sleep(0.1)
        return number

    if not (middle := os.fork()):
        for _ in map_on_all_cores(work, range(1000)):
            pass
        os._exit(0)
    process = psutil.Process(middle)
    while len(process.children()) < 3:
        time.sleep(0.01)
    copies = process.children()
    os.kill(middle, signal.SIGKILL)
    os.waitpid(middle, 0)
    _, alive = psutil.wait_procs(copies, timeout=10)
    assert alive == []
