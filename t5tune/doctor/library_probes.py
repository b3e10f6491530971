"""Processes that import libraries, and what they answer."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from t5tune.distributed.torch_import import CUBLAS_WORKSPACE, bound_spinning
from t5tune.doctor.library_probe import MARK

# Those that break when they are imported: compiled, or built on what is compiled. Each group has a
# process of its own, so that two cores share the work.
GROUPS = (
    ("torch", "transformers"),
    ("numpy", "pyarrow", "tokenizers", "sentencepiece", "ctranslate2"),
)
LIMIT_SECONDS = 60.0  # for all imports of a group; a slow disk takes a while


@dataclass(frozen=True)
class Library:
    """What the import of one library has shown.

    Attributes:
        error: Why it cannot be used; None if it can.
        seconds: Duration of the import and of the questions to it.
        facts: What it says about the machine; see `library_probe`.
    """

    name: str
    error: str | None
    seconds: float
    facts: Mapping[str, Any] = field(default_factory=dict)


def training_environment() -> dict[str, str]:
    """Return the environment in which `t5tune train` would import torch on this machine now."""
    environment = dict(os.environ)
    bound_spinning(environment)
    environment.setdefault(*CUBLAS_WORKSPACE)
    return environment


class LibraryProbe:
    """A group of libraries that are being imported, while the caller looks at other things."""

    def __init__(self, names: Sequence[str], environment: Mapping[str, str]) -> None:
        self._names = list(names)
        self._environment = {**environment, "PYTHONSAFEPATH": "1"}  # no module of the user's folder
        self._end = time.monotonic() + LIMIT_SECONDS
        self._process = self._start()

    def _start(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "t5tune.doctor.library_probe", *self._names],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )

    def wait(self) -> list[Library]:
        """Return what all libraries have answered; after a crash the next process asks the rest."""
        found: list[Library] = []
        try:
            found += self._read()
            while self._names and time.monotonic() < self._end:
                self._process = self._start()
                found += self._read()
        finally:
            self._process.kill()
            self._process.communicate()
        return found

    def _read(self) -> list[Library]:
        """Return the answers of one process, and its end as that of the library it was at."""
        was_slow = False
        try:
            out, err = self._process.communicate(timeout=max(0.1, self._end - time.monotonic()))
        except subprocess.TimeoutExpired:
            was_slow = True
            self._process.kill()
            out, err = self._process.communicate()
        lines = [line.removeprefix(MARK) for line in out.splitlines() if line.startswith(MARK)]
        found = [Library(**json.loads(line)) for line in lines]
        self._names = self._names[len(found) :]
        if self._names:
            reason = _describe_end(self._process.returncode, err, was_slow=was_slow)
            found.append(Library(self._names.pop(0), reason, LIMIT_SECONDS if was_slow else 0.0))
        return found


def _describe_end(code: int, err: str, *, was_slow: bool) -> str:
    """Describe the end of a process that has not answered."""
    if was_slow:
        return f"the import had not ended after {LIMIT_SECONDS:.0f} s"
    last = " ".join(err.split())[-300:]
    said = f" ({last})" if last else ""
    if code < 0:
        return f"the import ends the process by {signal.Signals(-code).name}{said}"
    return f"the import ends the process with exit code {code}{said}"
