"""Every path in a run, and how runs are found."""

from __future__ import annotations

import hashlib
import os
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from t5tune.console import say
from t5tune.errors import T5TuneError, did_you_mean

RUNS = Path("runs")

# The texts of an evaluation, in the order of the test set.
HYPOTHESES = "hypotheses.txt"  # one text on each line
REPORT_PAGE = "report.html"
ALIGNMENTS = "alignments.json"  # alignments of the few examples that the page shows
EXAMPLES = "examples.jsonl"  # one JSON object on each line, with source and references

_FEW = 8  # number of runs that a message can name

MODEL_CARD = "README.md"  # the name that the hub shows

# Files and directories by which a run, a model, an export or an evaluation is recognized.
_KNOWN = (
    "recipe.yaml", "environment.json", "checkpoints", "model", "config.json", "t5tune.json",
    "manifest.json",
    HYPOTHESES, EXAMPLES,
)  # fmt: skip

_LONGEST_NAME = 100  # number of characters of settings in the name of a directory


@dataclass(frozen=True)
class RunDirectory:
    """Paths of the files of one run."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.resolve().name

    @property
    def recipe(self) -> Path:
        """The resolved recipe, with every default written out. A directory that has it is a run."""
        return self.path / "recipe.yaml"

    @property
    def environment(self) -> Path:
        return self.path / "environment.json"

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def lock(self) -> Path:
        """Names the process that trains here; it is deleted when that process ends normally."""
        return self.path / "lock"

    @property
    def failure(self) -> Path:
        """Why training ended with an error; it is deleted when training goes on."""
        return self.path / "failure.json"

    @property
    def model(self) -> Path:
        """The best model, which any program can load with `from_pretrained`."""
        return self.path / "model"

    @property
    def adapter(self) -> Path:
        """The adapter of the best model, which is merged into `model/`, as peft loads it."""
        return self.path / "adapter"

    @property
    def smoke(self) -> Path:
        """A sentence and its translation by the saved model."""
        return self.model / "smoke.json"

    def export(self, quantization: str) -> Path:
        """The model, converted for CTranslate2."""
        return self.path / f"ctranslate2-{quantization}"

    @property
    def log(self) -> Path:
        return self.path / "log.jsonl"

    @property
    def tensorboard(self) -> Path:
        return self.path / "tensorboard"

    @property
    def clock(self) -> Path:
        """Seconds after each step of a run with a time budget."""
        return self.path / "clock.tsv"

    @property
    def start_weights(self) -> Path:
        """Weights that training began with, where a regularizer needs them."""
        return self.path / "start.safetensors"

    @property
    def hypothesis_cache(self) -> Path:
        """Hypotheses of the models of this run; may be deleted at any time."""
        return self.path / "cache" / "hypotheses.sqlite"

    @property
    def model_card(self) -> Path:
        """The model card, written after each evaluation on the run's own data."""
        return self.model / MODEL_CARD

    def evaluation(self, split: str) -> Path:
        return self.path / "eval" / split

    def tried_evaluation(self, evaluation: str, changes: Sequence[str]) -> Path:
        """Return the directory of an evaluation with settings that are not those of the run.

        It lies beside the run's own: eval/test-num_beams=8 for `test` and `decoding.num_beams=8`.
        """
        text = "-".join(change.partition(".")[2] for change in changes)
        name = re.sub(r"[^A-Za-z0-9_.+=-]+", "_", text)
        if len(name) > _LONGEST_NAME:
            name = f"{name[:_LONGEST_NAME]}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
        return self.evaluation(f"{evaluation}-{name}")

    @property
    def overlaps(self) -> Path:
        """Overlaps of test sets with the training data, one file for each test set."""
        return self.path / "cache" / "overlaps"

    @property
    def novelties(self) -> Path:
        """What the training data had not of test sets, one file for each test set."""
        return self.path / "cache" / "novelties"

    @property
    def tokens(self) -> Path:
        """Tokenized training data, where the user's cache cannot be written."""
        return self.path / "cache" / "tokens"

    def hypotheses(self, split: str) -> Path:
        return self.evaluation(split) / HYPOTHESES

    def examples(self, split: str) -> Path:
        return self.evaluation(split) / EXAMPLES

    def report(self, split: str) -> Path:
        return self.evaluation(split) / "report.json"

    @property
    def is_run(self) -> bool:
        return self.recipe.is_file()

    @property
    def is_begun(self) -> bool:
        """Whether training has left anything here, or is about to."""
        known = (self.recipe, self.environment, self.checkpoints, self.lock, self.failure)
        return any(path.exists() for path in known)

    @property
    def has_model(self) -> bool:
        """Whether training has ended: the model is then moved into place in one piece."""
        return (self.model / "config.json").is_file()


def continuing_command(run: RunDirectory, options: Sequence[str] = ()) -> str:
    """Return the command that continues this run, even if its recipe has other runs."""
    # A name without a slash might be the name of a recipe.
    path = str(run.path) if os.sep in str(run.path) else f".{os.sep}{run.path}"
    return shlex.join(["t5tune", "train", path, *options])


def find_newest_run() -> RunDirectory:
    """Return the run whose model was finished last.

    Raises:
        T5TuneError: No run is finished.
    """
    finished = [run for run in list_runs() if run.is_run and run.has_model]
    if not finished:
        raise T5TuneError(
            f"there is no finished run under {RUNS}/.",
            next_command="t5tune train RECIPE   # or name a run, a model directory or a hub id",
        )
    return max(finished, key=lambda run: (run.model / "config.json").stat().st_mtime)


def choose_run_directory(name: str | None) -> RunDirectory:
    """Return the run that was named, or the newest finished one, which is then named on stderr.

    Raises:
        T5TuneError: The run does not exist.
    """
    if name is None:
        newest = find_newest_run()
        say(f"using {newest.path}")
        return newest
    directory = find_directory(name)
    if directory is None:
        raise refuse_run(name)
    return RunDirectory(directory)


def list_runs() -> list[RunDirectory]:
    """Return all directories under `runs/`, sorted by name."""
    paths = sorted(RUNS.iterdir()) if RUNS.is_dir() else []
    return [RunDirectory(path) for path in paths if path.is_dir()]


def find_directory(name: str) -> Path | None:
    """Return the directory that a path, or the name of a run under `runs/`, refers to.

    A directory of that name takes precedence over a run if it holds something a command can use. A
    file of that name does not: where a command also takes files, its caller looks for them first.
    """
    path = Path(name)
    try:
        is_directory = bool(name) and path.is_dir()
    except OSError:  # a name longer than the file system allows
        return None
    if is_directory and any((path / known).exists() for known in _KNOWN):
        return path
    is_plain = "/" not in name.rstrip("/") and name.rstrip("/") not in ("", ".", "..", "~")
    if is_plain and (RUNS / path).is_dir():
        return RUNS / path
    return path if is_directory else None


def holds_model(directory: Path) -> bool:
    """Return whether a directory holds a Transformers model or an export of t5tune."""
    known = ("config.json", "t5tune.json", "manifest.json")  # other code reports damage
    return any((directory / name).is_file() for name in known)


def refuse_run(name: str | Path, expected: str = "a run") -> T5TuneError:
    """Return the error for a run that does not exist, with the nearest name of one that does.

    `expected` is what the command takes, such as `a run or a file`.
    """
    path = Path(name)
    is_own_name = path.parent in (Path(), RUNS)
    hint = name_runs(path.name, without=path.name if is_own_name else None) or "."
    return T5TuneError(f"{name} is not {expected}{hint}", next_command=look_for_runs())


def look_for_runs() -> str:
    """Return the next command for a user who named a run that does not exist."""
    return f"ls {RUNS}" if RUNS.is_dir() else "t5tune train RECIPE"


def name_runs(name: str, *, without: str | None = None) -> str:
    """Return the end of a sentence: the run with the nearest name, or all runs if they are few.

    `without` is a directory under `runs/` that is not a run, and not named.
    """
    names = [run.path.name for run in list_runs() if run.path.name != without]
    if not names or len(names) > _FEW:
        return did_you_mean(name, names)
    return did_you_mean(name, names) or f"; {RUNS}/ holds {', '.join(names)}."


def next_free_path(path: Path) -> Path:
    """Return the path itself, or the first of path-2, path-3 … that does not exist."""
    if not path.exists():
        return path
    number = 2
    while (candidate := path.with_name(f"{path.name}-{number}")).exists():
        number += 1
    return candidate


def display_path(path: str | Path) -> str:
    """Return a path as messages show it: relative if it lies under the current directory."""
    absolute, here = Path(path).expanduser(), Path.cwd()
    return str(absolute.relative_to(here)) if absolute.is_relative_to(here) else str(path)
