"""Fixtures that tests share: a tiny recipe, commands in this process, real data if available."""

from __future__ import annotations

import gc
import hashlib
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from filelock import FileLock
from hypothesis import settings

from tests import forks

# torch reads these when it is first imported, and so does every command that a test starts. Models
# here have a few thousand parameters: more threads would only wait for one another.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# The suite's numbers are a CPU's; `make gpu` runs tests/gpu.
if os.environ.get("T5TUNE_TEST_DEVICE") != "cuda":
    os.environ["CUDA_VISIBLE_DEVICES"] = ""

REPOSITORY = Path(__file__).resolve().parent.parent

forks.remember_what_stays()

# The examples are the same each time, so that a test that passed passes on the next machine. To
# look for more, run `pytest --hypothesis-profile=search`.
settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("search", max_examples=20_000, deadline=None)
settings.load_profile("same")


# Messages that a command prints on a slow machine; see `t5tune.console.track`.
PROGRESS_LINE = re.compile(r"[^:]+(: [^:]+)?: ([\d,]+(/[\d,]+)? \w+, )?\d+ s(, .*)?")


def listen_to_ctrl_c() -> None:
    """Restore SIGINT in a started process, because shells ignore it in background jobs."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@dataclass(frozen=True)
class Result:
    """Hold the exit code and the output of a command."""

    code: int
    out: str
    err: str


RunCommand = Callable[..., Result]
TrainOnce = Callable[..., Path]


@pytest.hookimpl(trylast=True)  # when those that are not to run are gone
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the tests that take long, so that no process waits for another one at the end.

    Each of two processes begins with one half of the tests. Both halves have files that run
    commands first and those of single functions last. A file stays together, for what its tests
    share.
    """
    sizes = Counter(item.path for item in items)
    units = REPOSITORY / "tests" / "unit"
    halves: tuple[list[Path], list[Path]] = ([], [])
    for file in sorted(sizes, key=lambda file: file.is_relative_to(units)):
        min(halves, key=lambda half: sum(sizes[other] for other in half)).append(file)
    places = {file: place for place, file in enumerate(halves[0] + halves[1])}
    items.sort(key=lambda item: places[item.path])


@pytest.fixture(scope="session", autouse=True)
def _cache_of_the_tests(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep commands, also those in separate processes, away from the user's cache."""
    os.environ["T5TUNE_CACHE"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(autouse=True)
def _silence_about_what_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let commands in this process print the same on a slow machine."""
    monkeypatch.setattr("t5tune.console.SILENT_SECONDS", 3600.0)


@pytest.fixture(scope="module", autouse=True)
def _libraries_left_out_of_searches_for_garbage() -> None:
    """Every training in this process would search all that the libraries made, a third of its time.

    Once for each file, because the one before may have imported more and may have ended it. To ask
    how many objects are left out takes as long as a search, so nobody does.
    """
    if "t5tune.training.session" in sys.modules:
        from t5tune.training import garbage

        gc.collect()
        gc.freeze()
        garbage.is_left_out = True


@pytest.fixture
def nothing_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Search everything for garbage again, up to the end of this file."""
    gc.unfreeze()
    monkeypatch.setattr("t5tune.training.garbage.is_left_out", False)


@pytest.fixture
def t5tune(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> RunCommand:
    """Return a function that runs `t5tune ARGUMENTS` in this process."""

    def run(*arguments: str | Path) -> Result:
        from t5tune.cli.app import main

        monkeypatch.setattr(sys, "argv", ["t5tune", *map(str, arguments)])
        capsys.readouterr()
        code: object = 0
        try:
            main()
        except SystemExit as exit_:
            code = exit_.code
        captured = capsys.readouterr()
        return Result(int(code or 0), captured.out, captured.err)  # type: ignore[call-overload]

    return run


def write_pairs(directory: Path, name: str, pairs: list[tuple[str, str]]) -> None:
    """Write NAME.tsv with the columns en and de."""
    rows = "".join(f"{source}\t{target}\n" for source, target in pairs)
    (directory / f"{name}.tsv").write_text("en\tde\n" + rows, encoding="utf-8")


NUMBERS = {"one": "eins", "two": "zwei", "three": "drei", "four": "vier", "five": "fünf"}


def number_pairs(num: int, start: int = 0) -> list[tuple[str, str]]:
    """Return distinct pairs such as `two one four` and `zwei eins vier`."""
    words = list(NUMBERS)
    pairs = []
    for i in range(start, start + num):
        digits = [i % 5, i // 5 % 5, i // 25 % 5, i // 125 % 5]
        english = [words[d] for d in digits[: 2 + i % 3]]
        pairs.append((" ".join(english), " ".join(NUMBERS[w] for w in english)))
    return pairs


TINY = {
    "name": "tiny",
    "task": "translation",
    "source_lang": "en",
    "target_lang": "de",
    "model": {
        "from_scratch": {
            "d_model": 16,
            "d_ff": 32,
            "num_layers": 1,
            "num_heads": 2,
            "tokenizer": {"type": "words"},
        }
    },
    "data": {split: {"file": f"{split}.tsv"} for split in ("train", "validation", "test")},
    "training": {
        "max_steps": 8,
        "eval_steps": 4,
        "logging_steps": 2,
        "tokens_per_batch": 200,
        "bf16": False,
    },
    "decoding": {"num_beams": 2},
}


@pytest.fixture
def tiny_recipe(tmp_path: Path) -> Path:
    """Return a recipe for a model of a few thousand parameters, with its data beside it."""
    return write_tiny_recipe(tmp_path)


def write_tiny_recipe(folder: Path) -> Path:
    """Write tiny.yaml and its three data files, and return the path of the recipe."""
    write_pairs(folder, "train", number_pairs(150))
    write_pairs(folder, "validation", number_pairs(10, 200))
    write_pairs(folder, "test", number_pairs(13, 300))
    path = folder / "tiny.yaml"
    path.write_text(yaml.safe_dump(TINY, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def train_once(tmp_path_factory: pytest.TempPathFactory) -> TrainOnce:
    """Train the tiny recipe with some settings once for all tests of all workers.

    What it returns is a folder with the recipe, its data and its finished run; tests take copies.
    """
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent  # shared by all workers

    def train(*settings: str) -> Path:
        folder = base / f"trained-{hashlib.sha256(shlex.join(settings).encode()).hexdigest()[:16]}"
        is_finished = folder.with_suffix(".finished")
        with FileLock(folder.with_suffix(".lock")):
            if not is_finished.exists():
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                recipe = write_tiny_recipe(folder)
                command = [sys.executable, "-m", "t5tune", "train", str(recipe), *settings]
                forks.run(command, cwd=folder, text=True, check=True)
                is_finished.touch()
        return folder

    return train


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Return the folder of public corpora; skip the test if it is not named."""
    folder = os.environ.get("T5TUNE_TEST_DATA")
    if folder is None:
        pytest.skip("T5TUNE_TEST_DATA does not name a folder of public corpora")
    assert Path(folder).is_dir(), f"T5TUNE_TEST_DATA={folder} is not a folder"
    return Path(folder)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a volume of 1 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("a small volume can be mounted by the superuser only")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


# These imports are at the end because they use what is defined above.
from tests.browser import browser  # noqa: E402, F401
from tests.hub.fixtures import hub, hub_command, hub_here  # noqa: E402, F401
