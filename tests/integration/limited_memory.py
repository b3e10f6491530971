"""Run `t5tune train` with a limit on the MiB that its batches may take beside all imports.

python -m tests.integration.limited_memory MEBIBYTES RECIPE [KEY=VALUE ...]     0 sets no limit

The limit is on addresses. It applies only while a batch is computed, and checkpoints are complete
before: a thread for which no address is left waits for ever (Thread.start of Python 3.11).
"""

from __future__ import annotations

import functools
import resource
import sys
from collections.abc import Callable
from typing import Any

# Imported before the limit but not used here, so that the limit covers only training.
import psutil
import sacrebleu  # noqa: F401

import t5tune.training.session  # noqa: F401
from t5tune.cli.app import main
from t5tune.training.callbacks.batch_probe import BatchProbe
from t5tune.training.checkpoints.writer import CheckpointWriter
from t5tune.training.step.gradients import StepGradients

HARD_LIMIT = resource.getrlimit(resource.RLIMIT_AS)[1]


def within_limit(method: Callable[..., Any], limit: int) -> Callable[..., Any]:
    """Return a method that has no more than so many bytes of addresses."""

    @functools.wraps(method)
    def limited(*arguments: Any, **others: Any) -> Any:
        resource.setrlimit(resource.RLIMIT_AS, (limit, HARD_LIMIT))
        try:
            return method(*arguments, **others)
        finally:
            resource.setrlimit(resource.RLIMIT_AS, (HARD_LIMIT, HARD_LIMIT))

    return limited


def write_and_finish(self: CheckpointWriter, *arguments: Any, **others: Any) -> None:
    write_checkpoint(self, *arguments, **others)
    self.finish()


write_checkpoint = CheckpointWriter.write


if __name__ == "__main__":
    mebibytes = int(sys.argv.pop(1))
    if mebibytes:
        limit = psutil.Process().memory_info().vms + mebibytes * 2**20
        for owner, name in ((StepGradients, "compute_within_memory"), (BatchProbe, "_find")):
            setattr(owner, name, within_limit(getattr(owner, name), limit))
        CheckpointWriter.write = write_and_finish  # type: ignore[method-assign]
    sys.argv.insert(1, "train")
    main()
