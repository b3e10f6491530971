"""Writing of files and directories that appear complete or not at all."""

from __future__ import annotations

import errno
import os
import re
import shlex
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from t5tune.errors import T5TuneError


class NotWritten(T5TuneError):  # noqa: N818 (the sentence says that it is an error)
    """Error about a file that could not be written; its old content still exists."""


# Numbers of errors that only writing can cause.
UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
_OS_ERROR = re.compile(r"os error (\d+)")  # the number in errors of libraries written in Rust


def refuse_writing(path: Path | str, number: int) -> NotWritten:
    """Return the error for a file or directory that cannot be written, by the system's `errno`."""
    directory = shlex.quote(str(Path(path).parent))
    is_full = number in (errno.ENOSPC, errno.EDQUOT)
    advice = (
        f"df -h {directory}   # then free space and type the same command again"
        if is_full
        else f"ls -ld {directory}   # the same command again where it can be written"
    )
    return NotWritten(f"{path} could not be written: {os.strerror(number)}.", next_command=advice)


def find_error_number(error: BaseException | None) -> int | None:
    """Return the system's number of an error, or of its cause, whatever library raised it."""
    while error is not None:
        if isinstance(error, OSError) and error.errno is not None:
            return error.errno
        if match := _OS_ERROR.search(str(error)):
            return int(match[1])
        error = error.__cause__ or error.__context__
    return None


def write_text(path: Path, text: str) -> None:
    """Write a file so that a reader sees the old or the new content, never a part.

    Raises:
        NotWritten: The file cannot be written.
    """
    write_texts({path: text})


def write_texts(texts: Mapping[Path, str]) -> None:
    """Write files that belong together: all of them, or none if one cannot be written.

    Args:
        texts: Text of each file, by its path; missing directories are created.

    Raises:
        NotWritten: A file cannot be written; the first of them is named.
    """
    # Two commands may write the same report at once: each has its own temporary files.
    temporary = {path: path.with_name(f"{path.name}.{os.getpid()}.tmp") for path in texts}
    path = Path()
    try:
        for path, text in texts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with temporary[path].open("w", encoding="utf-8", newline="\n") as stream:
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())  # or a power cut leaves an empty file under the name
        for path in texts:
            os.replace(temporary[path], path)
    except BaseException as error:
        for left in temporary.values():
            with suppress(OSError):
                left.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno is not None:
            raise refuse_writing(path, error.errno) from error
        raise


@contextmanager
def write_directory(directory: Path) -> Iterator[Path]:
    """Yield a directory to write to, which gets its final name if the context ends without error.

    Args:
        directory: Final name, which another directory may have until then; missing parents are
            created.

    Raises:
        OSError: The directory cannot be written.
    """
    temporary = directory.with_name(f"{directory.name}.{os.getpid()}.tmp")
    try:
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
        yield temporary
        shutil.rmtree(directory, ignore_errors=True)
        temporary.rename(directory)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
