"""Prepare a recipe on a cluster of two workers, which are lost meanwhile.

`python -m tests.integration.on_a_cluster RECIPE FOLDER`: the first process of a worker that cleans
and the first one that tokenizes are killed within a chunk, and leave a file in the folder.
"""

from __future__ import annotations

import dataclasses
import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

from t5tune.cli.app import main
from t5tune.data import training_text
from t5tune.data.cleaning.cleaner import build_cleaner
from t5tune.data.overlap import OverlapCounter
from t5tune.data.overlap_index import ChunkMatches
from t5tune.data.pairs import Pairs
from t5tune.data.readers import open_splits
from t5tune.training.preparation import tokens

RECIPE, FOLDER = sys.argv[1:]
MEMORY = 80_000_000  # bytes for what travels; Ray accepts no less


def die_once(doing: str) -> None:
    """Kill this process, unless one was killed before at the same work."""
    try:
        (Path(FOLDER) / doing).touch(exist_ok=False)
    except FileExistsError:
        return
    os.kill(os.getpid(), signal.SIGKILL)


class FatalCounter(OverlapCounter):
    """Kill the first process that compares a chunk, which happens while it is tokenized."""

    def search(self, pairs: Pairs) -> ChunkMatches:
        die_once("tokenizing")
        return super().search(pairs)


def build_fatal_cleaner(*arguments: Any) -> Any:
    """Build rules of which the first one kills the first process that asks it."""
    cleaner = build_cleaner(*arguments)
    assert cleaner is not None
    (name, is_blank), *others = cleaner.drops.items()

    def drops(source: str, target: str) -> bool:
        die_once("cleaning")
        return is_blank(source, target)

    return dataclasses.replace(cleaner, drops={name: drops, **dict(others)})


def run() -> None:
    import ray

    with tempfile.TemporaryDirectory(dir="/tmp", prefix="ray") as sockets:  # paths of 107 letters
        ray.init(
            num_cpus=2,
            include_dashboard=False,
            object_store_memory=MEMORY,
            log_to_driver=False,
            logging_level="ERROR",
            _temp_dir=sockets,
            _node_ip_address="127.0.0.1",
        )
        sys.argv = ["t5tune", "prepare", RECIPE, "--executor", "ray"]
        try:
            main()
        finally:
            ray.shutdown()


if __name__ == "__main__":
    open_splits.CHUNK_EXAMPLES = 10
    training_text.build_cleaner = build_fatal_cleaner
    tokens.OverlapCounter = FatalCounter  # type: ignore[misc]
    run()
