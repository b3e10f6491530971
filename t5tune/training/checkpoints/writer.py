"""Writing checkpoints that appear complete or not at all, while training continues."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, NoReturn

from t5tune.console import track
from t5tune.run.manifest import flush, remove_directory, write_manifest
from t5tune.training.checkpoints.disk_space import refuse_full_disk
from t5tune.training.checkpoints.store import (
    BEST_STEP,
    ENDED,
    PENDING,
    PREFIX,
    STAGING,
    name_last_checkpoint,
    remove_old,
    remove_unfinished,
)


class CheckpointWriter:
    """Writer of checkpoints that appear complete or not at all.

    The files are written into another directory. Flushing and hashing them, and deleting old
    checkpoints, happens while training continues; the last act is a rename.
    """

    def __init__(
        self, directory: Path, facts: Mapping[str, Any], *, expected_bytes: int = 0
    ) -> None:
        self.directory = directory  # of all checkpoints
        self.expected_bytes = expected_bytes  # of a checkpoint, estimated
        self.facts = facts  # in every manifest, beside the files
        self.waited_seconds = 0.0  # time for which training waited for checkpoints
        self.num_written = 0  # number of those whose writing has started
        self._thread: threading.Thread | None = None
        self._failure: Exception | None = None

    @track("saving a checkpoint")
    def write(
        self,
        step: int,
        save: Callable[[Path], None],
        *,
        best_step: int | None,
        kept: Collection[int],
        ended: bool,
        pending: bool,
    ) -> None:
        """Write a checkpoint; returns when its files are written, before they are safe.

        Args:
            save: Function that writes the files into a directory.
            best_step: Step of the checkpoint that has validated best, if any has.
            kept: Steps of earlier checkpoints that stay; the others are deleted once this one is
                complete.
            ended: Whether training ends with this checkpoint.
            pending: Whether its validation is still to be done.

        Raises:
            T5TuneError: The disk is full. Earlier checkpoints are still complete.
        """
        start = time.monotonic()
        self.finish()
        staging = self.directory / f"{STAGING}{PREFIX}{step}"
        remove_unfinished(self.directory)
        try:
            staging.mkdir(parents=True)
            save(staging)
        except Exception as error:
            self.give_up(error)
        facts = {"step": step, BEST_STEP: best_step, ENDED: ended, PENDING: pending, **self.facts}
        keep = {step, best_step, *kept}
        # A daemon: a second Ctrl-C does not wait for it, and what it leaves counts as incomplete.
        thread = threading.Thread(
            target=self._complete, args=(staging, step, facts, keep), daemon=True
        )
        try:
            thread.start()
            self._thread = thread
        except RuntimeError:  # no memory for its stack: then training waits for this one
            self._complete(staging, step, facts, keep)
        self.num_written += 1
        self.waited_seconds += time.monotonic() - start

    @track("waiting for the checkpoint to reach the disk")
    def finish(self) -> None:
        """Wait until the checkpoint that is being written is complete.

        Raises:
            T5TuneError: It could not be completed, because the disk is full.
        """
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        failure, self._failure = self._failure, None
        if failure is not None:
            self.give_up(failure)

    def name_last(self) -> str:
        """Return half a sentence about what can be resumed from."""
        self.finish()
        return name_last_checkpoint(self.directory)

    def _complete(
        self, staging: Path, step: int, facts: Mapping[str, Any], keep: Collection[int | None]
    ) -> None:
        try:
            write_manifest(staging, facts)
            final = self.directory / f"{PREFIX}{step}"
            remove_directory(final)  # a damaged one of a former part of the run
            os.replace(staging, final)
            flush(self.directory)
            remove_old(self.directory, step, keep)
        except Exception as error:
            self._failure = error

    def give_up(self, error: Exception) -> NoReturn:
        """Remove what was written of a checkpoint, and raise what kept it from being completed.

        Raises:
            T5TuneError: The disk is full; else the error itself.
        """
        remove_unfinished(self.directory)
        refuse_full_disk(
            error,
            self.directory,
            self.expected_bytes,
            what="a checkpoint",
            kept=name_last_checkpoint(self.directory),
        )
        raise error
