"""The lock that lets only one process at a time train in a run."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from t5tune.console import say
from t5tune.errors import T5TuneError
from t5tune.files.json_values import read_object
from t5tune.run.directory import RunDirectory

# Long enough for one who only looks at the lock (`find_holder`) to let it go again.
_PATIENCE_SECONDS = 0.3


@contextmanager
def lock_run(run: RunDirectory) -> Iterator[None]:
    """Keep other processes from training in a run while the block runs.

    The operating system releases the lock of a process that ends, however it ends. A killed
    process leaves the file with its name behind, which is then recognized as stale.

    The run's directory is created if it does not exist.

    Raises:
        T5TuneError: Another process has the lock, or the directory cannot be written.
    """
    try:
        run.path.mkdir(parents=True, exist_ok=True)
        lock = FileLock(run.lock)
        lock.acquire(timeout=_PATIENCE_SECONDS)
    except Timeout:
        raise T5TuneError(
            f"{run.path} is in use by {_read_holder(run.lock) or 'another process'}.",
            next_command="wait for it to end, or the same command with --restart",
        ) from None
    except OSError as error:
        raise T5TuneError(
            f"{run.path} cannot be written: {error.strerror}.", next_command="--output-dir ANOTHER"
        ) from error
    try:
        if stale := _read_holder(run.lock):
            say(f"{run.path} was left behind by {stale}, which has ended")
        holder = {
            "process": os.getpid(),
            "host": socket.gethostname(),
            "since": datetime.now().astimezone().isoformat(timespec="seconds"),
        }
        run.lock.write_text(json.dumps(holder) + "\n", encoding="utf-8")
        yield
    finally:
        with suppress(OSError):
            run.lock.unlink()
        lock.release()


def find_holder(run: RunDirectory) -> str | None:
    """Return the process that has the lock of a run; None if none has it.

    The lock is tried as a reader and let go at once, so that nobody who looks sees another one who
    looks. On systems without such locks, the file alone tells.
    """
    try:
        import fcntl

        with run.lock.open("rb") as stream:
            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read_holder(run.lock) or "another process"
    except ImportError:
        return _read_holder(run.lock)
    except OSError:  # there is no lock, or it cannot be read
        return None
    return None


def _read_holder(path: Path) -> str | None:
    holder = read_object(path)
    if not {"process", "host", "since"} <= holder.keys():
        return None
    return f"process {holder['process']} on {holder['host']} since {holder['since']}"
