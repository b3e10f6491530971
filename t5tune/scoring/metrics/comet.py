"""COMET (Rei et al. 2020 and 2022), computed by the program `comet-score`.

unbabel-comet 2.2.7 requires numpy below 2, Transformers below 5 and huggingface-hub below 1, so it
cannot be installed with t5tune. Its command `comet-score` runs in an environment of its own:
it reads texts from files and returns scores as JSON.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from t5tune.errors import T5TuneError
from t5tune.files.hashing import hash_file
from t5tune.files.json_values import as_object, read_object
from t5tune.scoring.score import Score, ScoringOptions, format_signature

if TYPE_CHECKING:
    from t5tune.scoring.metrics.statistics import MeanStatistics
    from t5tune.scoring.system_output import SystemOutput

COMMAND = "T5TUNE_COMET"
MODEL = "T5TUNE_COMET_MODEL"
DEFAULT_MODEL = "Unbabel/wmt22-comet-da"
_FILES = ("source", "hypothesis", "reference")
_RESULT = "scores.json"
# pkg_resources, which one of COMET's requirements imports, left setuptools in version 81.
INSTALL = (
    'python -m venv ~/.comet && ~/.comet/bin/pip install unbabel-comet "setuptools<81" '
    f"&& export {COMMAND}=~/.comet/bin/comet-score"
)


class CometScorer:
    """Mean of COMET's values of single examples, on the model's own scale.

    COMET compares with one reference. Of several, the one with the highest value counts for each
    example, as in the other scores without a rule of their own.

    Raises:
        T5TuneError: COMET is not installed.
    """

    def __init__(self, _: ScoringOptions) -> None:
        self._command = find_comet()
        self._model = os.environ.get(MODEL) or DEFAULT_MODEL

    def score_corpus(self, output: SystemOutput) -> list[Score]:
        """Return the mean over all examples.

        Raises:
            T5TuneError: `comet-score` failed; the message quotes its last line.
        """
        values = self.score_segments(output)
        settings = {"model": Path(self._model).name if _is_file(self._model) else self._model}
        if _is_file(self._model):
            settings["hash"] = hash_file(self._model)[:12]  # reports hold no paths
        version = f"unbabel-comet-{_find_version(self._command[0])}"
        signature = format_signature(output.references, **settings, refs="best", version=version)
        return [Score("COMET", sum(values) / len(values), signature)]

    def score_segments(self, output: SystemOutput) -> list[float]:
        """Return COMET's value of every example with its source.

        Equal texts are computed once per process.
        """
        sizes = [len(of_one_example) for of_one_example in output.references]
        rows = tuple(
            (source, hypothesis, reference)
            for source, hypothesis, of_one in zip(
                output.sources or (), output.hypotheses, output.references, strict=True
            )
            for reference in of_one
        )
        values = iter(_run_comet(self._command, self._model, rows))
        return [max(next(values) for _ in range(size)) for size in sizes]

    def collect_statistics(self, output: SystemOutput) -> MeanStatistics:
        """Return the values of single examples, whose mean is the score."""
        from t5tune.scoring.metrics.statistics import MeanStatistics

        return MeanStatistics(self.score_segments(output))


def find_comet() -> tuple[str, ...]:
    """Return the command that starts COMET: T5TUNE_COMET, or `comet-score` on the PATH.

    T5TUNE_COMET may have options as well, such as `/opt/comet/bin/comet-score --batch_size 64`.

    Raises:
        T5TuneError: It does not exist.
    """
    words = shlex.split(os.environ.get(COMMAND) or "comet-score")
    program = shutil.which(os.path.expanduser(words[0]))  # noqa: PTH111 (a name need not be a path)
    if program is None:
        where = f"{words[0]} ({COMMAND})" if os.environ.get(COMMAND) else "comet-score on the PATH"
        raise T5TuneError(
            f"There is no {where}; COMET is installed separately, because it requires older "
            "packages than t5tune.",
            next_command=INSTALL,
        )
    return (program, *words[1:])


@lru_cache(maxsize=8)
def _run_comet(
    command: tuple[str, ...], model: str, rows: tuple[tuple[str, str, str], ...]
) -> tuple[float, ...]:
    """Return COMET's values of rows of source, hypothesis and reference."""
    from t5tune.console import say  # rich, which processes that only score do not load

    say(f"COMET: {len(rows):,} examples by {model}")
    with tempfile.TemporaryDirectory(prefix="t5tune-comet-") as name:
        folder = Path(name)
        for file, texts in zip(_FILES, zip(*rows, strict=True), strict=True):
            # COMET reads one text per line, and \r ends a line as well.
            lines = (re.sub(r"[\r\n]+", " ", text) + "\n" for text in texts)
            (folder / file).write_text("".join(lines), encoding="utf-8", newline="\n")
        done = subprocess.run(
            [*command, *_arguments(command, model, folder)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            env=_environment(),
        )
        if done.returncode != 0:
            last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
            raise T5TuneError(
                f"comet-score failed with {model}: {last}",
                next_command=f"{shlex.join(command)} --help   # {MODEL} names another model",
            )
        values = _read_values(folder / _RESULT)
    if len(values) != len(rows):
        raise T5TuneError(
            f"comet-score gave {len(values)} values for {len(rows)} examples with {model}.",
            next_command=f"{shlex.join(command)} --help   # {MODEL} names another model",
        )
    return values


def _read_values(path: Path) -> tuple[float, ...]:
    """Return the values that COMET wrote; none where the file has another form."""
    found = list(read_object(path).values())
    if len(found) != 1 or not isinstance(found[0], list):
        return ()
    values = [as_object(example).get("COMET") for example in found[0]]
    return tuple(float(value) for value in values if isinstance(value, int | float))


def _arguments(command: Sequence[str], model: str, folder: Path) -> list[str]:
    options = zip(("-s", "-t", "-r", "--to_json"), (*_FILES, _RESULT), strict=True)
    files = [word for option, file in options for word in (option, str(folder / file))]
    gpus = [] if "--gpus" in command else ["--gpus", "1" if _has_gpu() else "0"]
    return [*files, "--model", model, "--quiet", "--only_system", *gpus]


def _environment() -> dict[str, str]:
    """Return this process's environment without variables for its Python or its rank."""
    dropped = {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "RANK", "WORLD_SIZE", "LOCAL_RANK"}
    return {key: value for key, value in os.environ.items() if key not in dropped}


def _has_gpu() -> bool:
    """Return whether NVIDIA's driver lists a GPU; importing torch to ask it takes a second."""
    program = shutil.which("nvidia-smi")
    if program is None or os.environ.get("CUDA_VISIBLE_DEVICES") == "":
        return False
    done = subprocess.run([program, "-L"], capture_output=True, text=True)
    return done.returncode == 0 and "GPU" in done.stdout


@lru_cache(maxsize=1)
def _find_version(program: str) -> str:
    """Return the package's version, read by the Python that the program's first line names."""
    with Path(program).open("rb") as file:
        first = file.readline().decode(errors="replace").strip()
    if not first.startswith("#!") or "python" not in first:
        return "unknown"
    ask = "import importlib.metadata as m; print(m.version('unbabel-comet'))"
    python = shlex.split(first[2:])
    done = subprocess.run([*python, "-c", ask], capture_output=True, text=True, env=_environment())
    return done.stdout.strip() if done.returncode == 0 else "unknown"


def _is_file(model: str) -> bool:
    return model.endswith(".ckpt") and Path(model).is_file()
