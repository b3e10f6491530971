"""Standard output and error that may be closed, full or abandoned by their reader."""

from __future__ import annotations

import io
import os
import sys

from t5tune.errors import T5TuneError

READER_IS_GONE = 141  # exit code: 128 + SIGPIPE, as shells show it


def prepare_streams() -> None:
    """Prepare standard output and error, so that output arrives or one sentence says why not.

    Streams that a caller has put in their place stay.
    """
    _occupy_closed()
    if sys.stdout is None or sys.stdout is sys.__stdout__:
        sys.stdout = _wrap(_Output(1, "w", closefd=False), sys.stdout)
    if sys.stderr is None or sys.stderr is sys.__stderr__:
        sys.stderr = _wrap(_Messages(2, "w", closefd=False), sys.stderr)


def _occupy_closed() -> None:
    """Open closed standard streams; otherwise the next file would get their number and texts."""
    for number, mode in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            null = os.open(os.devnull, mode)  # writing to 1 fails, as it does where it is closed
            if null != number:
                os.dup2(null, number)
                os.close(null)


def _wrap(raw: io.FileIO, like: io.TextIOBase | None) -> io.TextIOWrapper:
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=getattr(like, "encoding", None) or "utf-8",
        errors=getattr(like, "errors", None) or "backslashreplace",
        line_buffering=raw.isatty() or isinstance(raw, _Messages),
    )


class _Output(io.FileIO):
    """Standard output: results."""

    has_failed = False

    def write(self, data: object, /) -> int:
        """Write as the base class does.

        Raises:
            T5TuneError: It cannot be written.
            SystemExit: The reader is gone.
        """
        if self.has_failed:  # reported already; the buffer is dropped
            return len(memoryview(data))  # type: ignore[arg-type]
        try:
            return super().write(data)  # type: ignore[arg-type]
        except BrokenPipeError:
            self.has_failed = True
            raise SystemExit(READER_IS_GONE) from None
        except OSError as error:
            self.has_failed = True
            raise T5TuneError(
                f"standard output could not be written: {error.strerror}.",
                next_command="the same command with > FILE, on a disk with free space",
            ) from error


class _Messages(io.FileIO):
    """Standard error: without a reader the command continues silently."""

    def write(self, data: object, /) -> int:
        """Write as the base class does, without raising."""
        try:
            return super().write(data)  # type: ignore[arg-type]
        except OSError:
            return len(memoryview(data))  # type: ignore[arg-type]
