"""Outputs of translations: standard output, or a file that is continued after a kill."""

from __future__ import annotations

import errno
import io
import json
import os
import shlex
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from filelock import lock_descriptor

from t5tune.console import say
from t5tune.errors import T5TuneError
from t5tune.files.json_values import as_count, as_object, read_object
from t5tune.files.writing import NotWritten, find_error_number, write_text
from t5tune.run.directory import display_path
from t5tune.run.manifest import flush

VERSION = 1  # of the progress file


@dataclass(frozen=True)
class Progress:
    """Progress of an output."""

    num_items: int = 0  # number of translated items
    window: int = 0  # number of items in the last window


class StandardOutput:
    """Standard output, unbuffered: every text is written at once."""

    def __init__(self) -> None:
        self.progress = Progress()
        self._descriptor: int | None
        try:
            sys.stdout.flush()
            self._descriptor = sys.stdout.fileno()
        except (io.UnsupportedOperation, ValueError):  # not a real file
            self._descriptor = None

    def write(self, text: str, progress: Progress) -> None:
        """Write a text; its progress has no use, since nothing is resumed.

        Raises:
            BrokenPipeError: The reader has closed the pipe.
            T5TuneError: It cannot be written.
        """
        data = memoryview(text.encode("utf-8"))
        if self._descriptor is None:
            sys.stdout.buffer.write(data)
            sys.stdout.flush()
            return
        try:
            while data:
                data = data[os.write(self._descriptor, data) :]
        except BrokenPipeError:
            raise
        except OSError as error:
            raise T5TuneError(
                f"standard output could not be written: {error.strerror}.",
                next_command="df -h .   # then free space, or --output FILE on another volume",
            ) from error

    def finish(self) -> None:
        """Do nothing: every text has been written."""


class OutputFile:
    """FILE, written as FILE.partial until it is complete.

    FILE.partial.json records its progress; whatever a killed command wrote after that is cut off
    when the next one continues. Both files are removed when FILE is complete.

    The origin has JSON values that FILE depends on, by name: the input, the model, the options. It
    is None for an input that cannot be read again: nothing is resumed.

    Raises:
        T5TuneError: It cannot be written, another process writes it, or its partial file has
            another origin.
    """

    def __init__(self, path: Path, origin: Mapping[str, Any] | None) -> None:
        path = Path(os.path.realpath(path))  # a link stays a link
        self.path = path
        self.partial = path.with_name(path.name + ".partial")
        self.journal = path.with_name(path.name + ".partial.json")
        self.origin = origin
        self.progress = Progress()
        if path.is_dir():
            raise T5TuneError(
                f"{display_path(path)} is a directory.", next_command=f"--output {path}/FILE"
            )
        if path.exists() and not path.is_file():
            raise T5TuneError(
                f"{display_path(path)} is not a regular file.", next_command=f"> {path}"
            )
        self._file = self._open()
        self._size = self._resume()
        self._file.truncate(self._size)
        self._file.seek(self._size)

    def _open(self) -> io.FileIO:
        """Open and lock the partial file."""
        while True:
            try:
                number = os.open(self.partial, os.O_RDWR | os.O_CREAT, 0o666)
            except OSError as error:
                raise T5TuneError(
                    f"{display_path(self.path)} cannot be written: {error.strerror}.",
                    next_command=f"ls -ld {shlex.quote(str(self.path.parent))}",
                ) from error
            file = io.FileIO(number, "r+b")
            # The file itself is locked: a lock file would stay behind.
            try:
                is_ours = lock_descriptor(number, blocking=False)
            except OSError:  # a volume without locks
                return file
            if not is_ours:
                file.close()
                raise T5TuneError(
                    f"{display_path(self.path)} is being written by another process.",
                    next_command="--output ANOTHER",
                )
            # Between opening and locking, another process may have finished: then this is FILE.
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(number), self.partial.stat()):
                    return file
            file.close()

    def _resume(self) -> int:
        """Return the number of bytes of the partial file to keep, and set `progress` to theirs."""
        journal, there = read_object(self.journal), self.partial.stat().st_size
        if self.origin is None or (journal and journal.get("version") != VERSION):
            return 0
        num_items, window = as_count(journal.get("num_items")), as_count(journal.get("window"))
        size, then = as_count(journal.get("size")), as_object(journal.get("origin"))
        if num_items is None or window is None or not then or size is None or size > there:
            if there:
                say(
                    f"{display_path(self.journal)} does not tell how far "
                    f"{display_path(self.partial)} is: starting over"
                )
            return 0
        names = [*self.origin, *(name for name in then if name not in self.origin)]
        if changed := [name for name in names if then.get(name) != self.origin.get(name)]:
            details = "; ".join(
                f"{name} {_show(then.get(name))} then, {_show(self.origin.get(name))} now"
                for name in changed
            )
            self._file.close()
            raise T5TuneError(
                f"{display_path(self.partial)} was started with other settings: {details}.",
                next_command=f"rm {shlex.quote(str(self.partial))}*   # starts from the beginning",
            )
        self.progress = Progress(num_items, window)
        return size

    def write(self, text: str, progress: Progress) -> None:
        """Append a text; `progress` is that of the output after it.

        Raises:
            T5TuneError: It cannot be written.
        """
        data = memoryview(text.encode("utf-8"))
        try:
            self._size += len(data)
            while data:
                data = data[self._file.write(data) :]
            if self.origin is not None:
                os.fsync(self._file.fileno())
                self._note(progress)
        except (OSError, NotWritten) as error:
            number = find_error_number(error) or errno.EIO
            raise T5TuneError(
                f"{display_path(self.partial)} could not be written: {os.strerror(number)}.",
                next_command=self._advice(),
            ) from error
        self.progress = progress

    def _note(self, progress: Progress) -> None:
        state = {"version": VERSION, **asdict(progress)}
        journal = {**state, "size": self._size, "origin": self.origin}
        write_text(self.journal, json.dumps(journal, ensure_ascii=False, indent=1) + "\n")

    def _advice(self) -> str:
        continues = "" if self.origin is None else "; the same command continues"
        return f"df -h {shlex.quote(str(self.path.parent))}   # then free space{continues}"

    def finish(self) -> None:
        """Move the partial file to FILE.

        Raises:
            T5TuneError: It cannot be written.
        """
        try:
            os.fsync(self._file.fileno())
            os.replace(self.partial, self.path)
            self.journal.unlink(missing_ok=True)
            flush(self.path.parent)
            self._file.close()
        except OSError as error:
            raise T5TuneError(
                f"{display_path(self.path)} could not be written: {error.strerror}.",
                next_command=self._advice(),
            ) from error


Output = StandardOutput | OutputFile


def _show(value: Any) -> str:
    text = "not given" if value is None else str(value)
    return f"{text[:12]}…" if len(text) > 64 else text
