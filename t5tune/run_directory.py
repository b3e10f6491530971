"""Every path in a run, and how runs are found."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from t5tune.errors import T5TuneError

RUNS = Path("runs")


@dataclass(frozen=True)
class RunDirectory:
    """The files of one run.

    Attributes:
        path: The directory of the run.
    """

    path: Path

    @property
    def name(self) -> str:
        return self.path.resolve().name

    @property
    def recipe(self) -> Path:
        """The resolved recipe, every default written out. Its presence makes it a run."""
        return self.path / "recipe.yaml"

    @property
    def environment(self) -> Path:
        return self.path / "environment.json"

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def lock(self) -> Path:
        """Names the process that trains here; gone when it has ended in good order."""
        return self.path / "lock"

    @property
    def model(self) -> Path:
        """The best model, which any program loads with `from_pretrained`."""
        return self.path / "model"

    @property
    def smoke(self) -> Path:
        """A sentence and its translation by the model as it was saved."""
        return self.model / "smoke.json"

    def export(self, quantization: str) -> Path:
        """The model for CTranslate2."""
        return self.path / f"ctranslate2-{quantization}"

    @property
    def log(self) -> Path:
        return self.path / "log.jsonl"

    @property
    def tensorboard(self) -> Path:
        return self.path / "tensorboard"

    @property
    def clock(self) -> Path:
        """Of a run with a time budget: the seconds after each step."""
        return self.path / "clock.tsv"

    def evaluation(self, split: str) -> Path:
        return self.path / "eval" / split

    def hypotheses(self, split: str) -> Path:
        return self.evaluation(split) / "hypotheses.txt"

    def report(self, split: str) -> Path:
        return self.evaluation(split) / "report.json"

    @property
    def is_run(self) -> bool:
        return self.recipe.is_file()

    @property
    def has_model(self) -> bool:
        """The model is moved into place in one piece when training has ended."""
        return (self.model / "config.json").is_file()


def write_text(path: Path, text: str) -> None:
    """Write a file so that a reader sees the old content or the new, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".tmp")
    with temporary.open("w", encoding="utf-8", newline="\n") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())  # or a power cut leaves an empty file under the name
    os.replace(temporary, path)


def find_newest_run(runs: Path = RUNS) -> RunDirectory:
    """The run whose model was finished last.

    Raises:
        T5TuneError: No finished run is there.
    """
    finished = [
        run
        for run in (RunDirectory(path) for path in (runs.iterdir() if runs.is_dir() else ()))
        if run.is_run and run.has_model
    ]
    if not finished:
        raise T5TuneError(
            f"there is no finished run under {runs}/.",
            next_command="t5tune train RECIPE   # or name a run, a model directory or a hub id",
        )
    return max(finished, key=lambda run: (run.model / "config.json").stat().st_mtime)


def next_free_path(path: Path) -> Path:
    """The path itself, or the first of path-2, path-3 … that is not there."""
    if not path.exists():
        return path
    number = 2
    while (candidate := path.with_name(f"{path.name}-{number}")).exists():
        number += 1
    return candidate


def display_path(path: str | Path) -> str:
    """A path as messages show it: relative where it lies under the current directory."""
    absolute, here = Path(path).expanduser(), Path.cwd()
    return str(absolute.relative_to(here)) if absolute.is_relative_to(here) else str(path)
