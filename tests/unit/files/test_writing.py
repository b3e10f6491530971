from __future__ import annotations

import multiprocessing
from pathlib import Path

from t5tune.files.writing import write_text


def write_often(path: Path, text: str) -> None:
    for _ in range(200):
        write_text(path, text)


def test_two_commands_may_write_the_same_file(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    texts = ["a" * 5000, "b" * 5000]
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=write_often, args=(path, text)) for text in texts]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
        assert worker.exitcode == 0
    assert path.read_text() in texts
    assert list(tmp_path.iterdir()) == [path]
