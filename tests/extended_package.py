"""Copy t5tune and add a part to the copy, as a contributor who follows CONTRIBUTING.md would."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from tests import forks
from tests.conftest import REPOSITORY, Result

# A new file of the package with its text, or texts of an existing file with what is added after
# each.
Additions = Mapping[str, str | list[tuple[str, str]]]


class ExtendedPackage:
    """Run commands of a copy of the package with additions.

    Args:
        folder: Where the copy goes.
        additions: Their number is the number of source files that the part touches.
    """

    def __init__(self, folder: Path, additions: Additions) -> None:
        self.folder = folder
        ignored = shutil.ignore_patterns("*.pyc.*")  # half written, by another process of the tests
        shutil.copytree(REPOSITORY / "t5tune", folder / "t5tune", ignore=ignored)
        for name, addition in additions.items():
            path = folder / "t5tune" / name
            if isinstance(addition, str):
                assert not path.exists()
                path.write_text(addition, encoding="utf-8")
                continue
            text = path.read_text(encoding="utf-8")
            for anchor, added in addition:
                assert text.count(anchor) == 1, f"{name} has {text.count(anchor)} times {anchor!r}"
                text = text.replace(anchor, anchor + added)
            path.write_text(text, encoding="utf-8")

    def run(self, *arguments: str | Path, directory: Path) -> Result:
        """Run `t5tune ARGUMENTS` in a directory."""
        done = forks.run(
            [sys.executable, "-m", "t5tune", *map(str, arguments)],
            cwd=directory,
            env={**os.environ, "PYTHONPATH": str(self.folder)},
            text=True,
        )
        return Result(done.returncode, done.stdout, done.stderr)
