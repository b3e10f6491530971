"""Content of files, compressed or not."""

from __future__ import annotations

import bz2
import gzip
import lzma
import shlex
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import zstandard

from t5tune.errors import T5TuneError

_PROGRAMS = {".gz": "gzip", ".bz2": "bzip2", ".xz": "xz", ".zst": "zstd"}
_ERRORS = (EOFError, gzip.BadGzipFile, lzma.LZMAError, zlib.error, zstandard.ZstdError)


def strip_compression(path: Path) -> Path:
    """Return the path without the ending of a compressed file: `train.tsv` of `train.tsv.gz`."""
    return path.with_suffix("") if path.suffix.lower() in _PROGRAMS else path


@contextmanager
def open_content(path: Path) -> Iterator[IO[bytes]]:
    """Open a file to read what it holds, decompressed if its ending says that it is compressed.

    Raises:
        T5TuneError: The file cannot be read, or is damaged or compressed in another way; also
            raised while it is read.
    """
    try:
        with path.open("rb") as stream, _decompress(stream, path.suffix.lower()) as content:
            yield content
    except _ERRORS as error:
        raise _refuse_content(path, error) from error
    except OSError as error:
        if error.errno is None:  # bz2 raises it for a file of another kind
            raise _refuse_content(path, error) from error
        raise refuse_file(path, error) from error


def _decompress(stream: IO[bytes], ending: str) -> IO[bytes]:
    if ending == ".gz":
        return gzip.GzipFile(fileobj=stream)  # type: ignore[return-value]
    if ending == ".bz2":
        return bz2.BZ2File(stream)
    if ending == ".xz":
        return lzma.LZMAFile(stream)
    if ending == ".zst":
        return zstandard.ZstdDecompressor().stream_reader(stream, read_across_frames=True)
    return stream


def _refuse_content(path: Path, error: Exception) -> T5TuneError:
    program = _PROGRAMS[path.suffix.lower()]
    return T5TuneError(
        f"{path} is not a complete {program} file: {error}.",
        next_command=f"{program} -t {shlex.quote(str(path))}",
    )


def refuse_file(path: str | Path, error: OSError) -> T5TuneError:
    """Return the error for a file that cannot be read."""
    if isinstance(error, FileNotFoundError):
        return T5TuneError(
            f"There is no file {str(path)!r}.",
            next_command=f"ls {shlex.quote(str(Path(path).parent))}",
        )
    return T5TuneError(
        f"{str(path)!r} cannot be read: {error.strerror}.",
        next_command=f"ls -l {shlex.quote(str(path))}",
    )
