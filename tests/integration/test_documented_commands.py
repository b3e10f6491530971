"""Run the commands of the pages, with a tiny model in the place of those that the pages name.

They run in a folder that has each file, recipe, model and run which the pages name, of a few
thousand parameters and a hundred pairs of numbers. What a command prints is compared where the page
shows an error; scores and translations are those of the tiny model.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from t5tune.cli.app import app
from tests import forks
from tests.conftest import REPOSITORY, TINY, number_pairs, write_pairs, write_tiny_recipe
from tests.documented_blocks import Command, read_blocks, read_lines
from tests.hub.models import t5_files

RECIPES = ["mine.yaml", "news-en-de.yaml", "own.yaml", "recipe.yaml"]
SHIPPED = ["multi30k-en-de", "phrasebook-en-de", "wmt-en-de"]
RUNS = ["big", "demo", "mine", "wmt-en-de-2", "wmt-en-de-sweep/seed-1"]
MODELS = ["google-t5/t5-small", "google-t5/t5-base"]
SOURCES = ["big.txt", "in.txt", "new.en", "source.txt", "test.en"]
TARGETS = [
    "google.txt", "hypotheses.txt", "new.de", "new.txt", "old.txt", "other.de", "other.txt",
    "reference.txt", "test.de",
]  # fmt: skip
TYPOS = """\
name: typos
task: translate
source_lang: en
target_lang: de
model: {name: google-t5/t5-small}
data:
  train: {file: train.tsv}
  validation: {file: validation.tsv}

training:
  learning_rat: 1.0
"""
# What a page trains is trained for four steps, beside a run of the same name.
SHORT = ["training.max_steps=4", "training.eval_steps=4", "export=none", "--restart"]
SMALL = ["model.from_scratch.d_model=16", "model.from_scratch.d_ff=32"]
SERVER = "http://127.0.0.1:5000"
BLOCKS = [block for block in read_blocks("sh", "console") if block.reason is None]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with everything that the pages' commands name."""
    folder = tmp_path_factory.mktemp("place")
    for model in MODELS:
        (folder / model).mkdir(parents=True)
        for name, content in t5_files("safetensors").items():
            (folder / model / name).write_bytes(content)
    write_data(folder)
    write_recipes(folder)
    trained = run_t5tune(folder, ["train", "recipes/wmt-en-de.yaml"])
    assert trained.returncode == 0, trained.stderr
    for name in RUNS:
        shutil.copytree(folder / "runs" / "wmt-en-de", folder / "runs" / name)
    return folder


def write_data(folder: Path) -> None:
    write_tiny_recipe(folder)
    (folder / "recipes" / "phrasebook").mkdir(parents=True)
    for split in ("train", "test"):
        table = REPOSITORY / "recipes" / "phrasebook" / f"{split}.tsv"
        lines = table.read_text(encoding="utf-8").splitlines(keepends=True)[:120]
        (folder / "recipes" / "phrasebook" / table.name).write_text("".join(lines), "utf-8")
    write_pairs(folder, "mine", number_pairs(100))
    pairs = number_pairs(13, 300)
    sources, targets = ("".join(f"{text}\n" for text in side) for side in zip(*pairs, strict=True))
    for names, text in ((SOURCES, sources), (TARGETS, targets)):
        for name in names:
            (folder / name).write_text(text, encoding="utf-8")
    texts = {
        "news.en.txt": sources * 3,
        "news.de.txt": targets * 3,
        "page.md": "# One two\n\nThree four five. Two one.\n",
        "in.tsv": "id\ten\n7\tone two three\n",
        "in.jsonl": '{"en": "one two three", "n": 1}\n',
        "pairs.csv": "en;de\n" + "".join(f"{source};{target}\n" for source, target in pairs),
    }
    for name in ("train", "validation"):
        rows = [{"translation": {"en": source, "de": target}} for source, target in pairs]
        texts[f"{name}.json"] = "".join(json.dumps(row) + "\n" for row in rows)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")


def write_recipes(folder: Path) -> None:
    data = {split: {"file": str(folder / f"{split}.tsv")} for split in TINY["data"]}  # type: ignore[attr-defined]
    tiny = {**TINY, "data": data, "model": {"name": str(folder / MODELS[0])}}
    for file in (*RECIPES, *(f"recipes/{name}.yaml" for name in SHIPPED)):
        write_recipe(folder / file, {**tiny, "name": Path(file).stem})
    cut = {"from": "train", "size": 3}
    pairs = {"train": {"file": "pairs.csv"}, "validation": cut}
    write_recipe(folder / "semicolons.yaml", {**tiny, "name": "semicolons", "data": pairs})
    text = {
        "train": {"file": ["news.en.txt", "news.de.txt"]},
        "validation": {"from": "train", "size": 10},
    }
    denoise = {**tiny, "name": "news-text", "task": "denoise", "data": text}
    write_recipe(folder / "news-text.yaml", denoise)
    (folder / "typos.yaml").write_text(TYPOS, encoding="utf-8")


def take_stand_ins(arguments: list[str]) -> None:
    """Put a small recipe in the place of one that ships, which would ask the hub."""
    commands: Any = typer.main.get_command(app)
    first = commands.commands[arguments[0]].params[:1]
    takes_recipe = [parameter.name for parameter in first] == ["recipe"]
    for i, argument in enumerate(arguments):
        is_recipe = arguments[i - 1] == "--recipe" or (takes_recipe and i == 1)
        if is_recipe and argument in SHIPPED:
            arguments[i] = f"recipes/{argument}.yaml"


def run_t5tune(
    folder: Path, arguments: list[str], given: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    return forks.run([sys.executable, "-m", "t5tune", *arguments], cwd=folder, input=given)


def write_recipe(file: Path, content: dict[str, object]) -> None:
    file.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


@pytest.mark.parametrize("page", sorted({block.page for block in BLOCKS}))
def test_the_commands_of_a_page_run(place: Path, page: str, tmp_path: Path) -> None:
    shutil.copytree(place, tmp_path, dirs_exist_ok=True)
    with contextlib.ExitStack() as stack:
        shell = Shell(tmp_path, stack)
        for block in BLOCKS:
            if block.page == page:
                error = block.text.partition("\n")[2] if "\nerror: " in block.text else ""
                for line in read_lines(block):
                    shell.run(line, error)


class Shell:
    """Runs lines of commands as a shell does, each command to its end before the next begins.

    A server goes on, at a port of its own, until another one starts or the page ends.
    """

    def __init__(self, folder: Path, stack: contextlib.ExitStack) -> None:
        self.folder = folder
        self.servers = stack.enter_context(contextlib.ExitStack())
        self.address = SERVER

    def run(self, commands: list[Command], error: str = "") -> None:
        """Run the commands of a line.

        Args:
            error: What the command prints if it is to fail.
        """
        piped = b""
        for command in commands:
            if command.arguments[:2] == ["t5tune", "serve"]:
                self._serve(command.arguments[2:])
                continue
            streams = command.redirections
            given = (self.folder / streams["<"]).read_bytes() if "<" in streams else piped
            done = self._run(command, given)
            said = done.stderr.decode().replace(f"{self.folder}/", "")
            if error:
                assert (done.returncode, said) == (1, error)
            else:
                assert done.returncode == 0, f"{' '.join(command.arguments)}: {said[-2000:]}"
            if ">" in streams:
                (self.folder / streams[">"]).write_bytes(done.stdout)
            piped = done.stdout if command.is_piped else b""

    def _run(self, command: Command, given: bytes) -> subprocess.CompletedProcess[bytes]:
        program, *arguments = command.arguments
        arguments = [argument.replace(SERVER, self.address) for argument in arguments]
        if program == "t5tune":
            take_stand_ins(arguments)
            if arguments[0] == "train":
                arguments += SHORT + SMALL * arguments[1].startswith("phrases")
            return run_t5tune(self.folder, arguments, given)
        return subprocess.run(
            [program, *arguments], cwd=self.folder, input=given, capture_output=True, timeout=120
        )

    def _serve(self, arguments: list[str]) -> None:
        self.servers.close()
        line = [sys.executable, "-m", "t5tune", "serve", *arguments, "--port", "0"]
        log = self.servers.enter_context((self.folder / "server.log").open("w"))
        server = forks.Fork(line, cwd=self.folder, stdout=subprocess.PIPE, stderr=log)
        self.servers.enter_context(server)
        self.servers.callback(server.terminate)
        self.address = server.stdout.readline().decode().strip()
        assert self.address.startswith("http"), (self.folder / "server.log").read_text()
