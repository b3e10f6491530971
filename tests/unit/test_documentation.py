"""Test the pages: their commands, options, keys and files exist. Other tests run the commands."""

from __future__ import annotations

import ast
import functools
import json
import re
from pathlib import Path
from typing import Any

import typer.main

from t5tune.cli.app import app
from t5tune.recipe.catalog import find_recipe, recipes_directory
from t5tune.recipe.loading import build_recipe, load_recipe
from t5tune.recipe.yaml_lines import parse_yaml
from tests.conftest import REPOSITORY
from tests.documented_blocks import Block, find_pages, read_blocks, read_lines

LANGUAGES = {"sh", "console", "text", "yaml", "json", "python"}
# What a reader has from elsewhere. A command of t5tune among their arguments is checked.
FOREIGN = {
    "accelerate", "bash", "cat", "comet-score", "cp", "curl", "cut", "export", "head", "paste",
    "pip", "python", "ray", "rm", "run_translation", "sbatch", "srun", "tail", "torchrun",
}  # fmt: skip
SCRIPTS_OF_OTHERS = {"run_summarization.py", "run_translation.py"}
FILE = re.compile(r"`((?:(?:benchmarks|docs|recipes|t5tune|tests)/[\w./-]+|[\w/]+\.py))`")
VARIABLE = re.compile(r"\$\([^)]*\)|\$\w+")
LINK = re.compile(r"\]\((?!https?:)([^)#\s]+)")
BASE = "wmt-en-de"  # the recipe that keys are checked with where a page names none that ships


def test_every_block_says_what_it_is() -> None:
    blocks = read_blocks()
    assert len(blocks) > 100
    unknown = [
        f"{block}: ```{block.language}" for block in blocks if block.language not in LANGUAGES
    ]
    assert unknown == []


def test_commands_options_and_keys_exist() -> None:
    blocks = read_blocks("sh", "console")
    assert len(blocks) > 50
    problems = []
    for block in blocks:
        commands = [command.arguments for line in read_lines(block) for command in line]
        assert commands, f"{block} has no command"
        shows_an_error = block.language == "console" and "\nerror: " in block.text
        for arguments in commands:
            try:
                check_command(arguments)
            except Exception as error:
                if not shows_an_error:
                    problems.append(f"{block}: {' '.join(arguments)}: {error}")
    assert problems == []


def test_recipes_and_other_blocks_are_valid() -> None:
    for block in read_blocks("yaml"):
        if block.text.startswith("# accelerate.yaml"):
            continue
        found = parse_yaml(block.text, str(block)).value
        splits = {split: {"file": f"{split}.tsv"} for split in ("train", "validation", "test")}
        base = {
            "name": "base", "task": "translation", "source_lang": "en", "target_lang": "de",
            "model": {"name": "google-t5/t5-small"},
        }  # fmt: skip
        data = {"data": {**splits, **found.get("data", {})}}
        assert build_recipe({**base, **found, **data}, for_training=True), block
    for block in read_blocks("json"):
        assert json.loads(block.text), block
    for block in read_blocks("python"):
        ast.parse(block.text, str(block))


def test_files_that_pages_name_exist() -> None:
    files = [
        file.relative_to(REPOSITORY)
        for room in ("benchmarks", "docs", "recipes", "t5tune", "tests")
        for file in (REPOSITORY / room).rglob("*")
    ]
    endings = {"/".join(file.parts[i:]) for file in files for i in range(len(file.parts))}
    named = [
        (str(page.relative_to(REPOSITORY)), name.rstrip("/"))
        for page in find_pages()
        for name in FILE.findall(page.read_text(encoding="utf-8"))
    ]
    assert len(named) > 300
    unknown = {pair for pair in named if pair[1] not in endings | SCRIPTS_OF_OTHERS}
    assert {pair for pair in unknown if "NAME" not in pair[1]} == set()


def test_links_of_the_pages_outside_the_site_lead_somewhere() -> None:
    for name in ("README.md", "CONTRIBUTING.md"):
        links = LINK.findall((REPOSITORY / name).read_text(encoding="utf-8"))
        assert [link for link in links if not (REPOSITORY / link).exists()] == []


def check_command(arguments: list[str]) -> None:
    """Raise unless a program, its options and its keys of recipes are known."""
    program, *others = [VARIABLE.sub("1", argument) for argument in arguments]
    if program == "t5tune":
        check_t5tune(others)
    elif program == "make":
        targets = re.findall(r"^([\w-]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE)
        assert set(others) <= set(targets)
    elif program == ".venv/bin/python" or (others[:1] and others[0].startswith("benchmarks/")):
        check_script(others)
    elif program.startswith("benchmarks/"):
        assert (REPOSITORY / program).is_file()
    elif program.rpartition("bin/")[2] in FOREIGN:
        for i, argument in enumerate(others):
            if argument == "t5tune":
                check_t5tune(others[i + 1 :])
            elif argument.startswith("t5tune "):
                block = Block("", 0, "sh", argument + "\n", None)
                for line in read_lines(block):
                    for command in line:
                        check_command(command.arguments)
    else:
        raise LookupError(f"{program} is unknown")


def check_t5tune(arguments: list[str]) -> None:
    """Raise unless the command line takes these arguments, and the recipe these keys."""
    command: Any = typer.main.get_command(app)
    context = command.make_context("t5tune", list(arguments))
    rest = [*context._protected_args, *context.args]
    while hasattr(command, "commands"):
        name, *rest = rest
        command = command.commands[name]
        context = command.make_context(name, list(rest), parent=context)
        rest = [*getattr(context, "_protected_args", ()), *context.args]
    changes = context.params.get("overrides") or context.params.get("settings") or ()
    check_keys(context.params.get("recipe") or context.params.get("run"), changes)


def check_keys(recipe: str | None, changes: Any) -> None:
    if changes:
        load_recipe(find_known(recipe), list(changes), for_training=True)


def find_known(recipe: str | None) -> Path:
    try:
        return find_recipe(REPOSITORY / recipe if recipe and "/" in recipe else recipe or BASE)
    except Exception:
        return find_recipe(BASE)


def check_script(arguments: list[str]) -> None:
    """Raise unless a script has these options; what they change in recipes are keys."""
    if arguments[:1] == ["-m"]:
        return
    script, *others = arguments
    source = read_with_imports(REPOSITORY / script)
    common: list[str] = []
    arms: dict[str, list[str]] = {"": []}
    recipe = BASE
    for option, value in zip(others, [*others[1:], ""], strict=True):
        if option.startswith("--"):
            assert f'"{option}"' in source, f"{script} has no {option}"
        if option == "--task":
            recipe = next(iter(recipes_directory().glob(f"{value}*.yaml"))).stem
        if option == "--change":
            common.append(value)
        if option == "--arm" and "=" in value:
            name, _, change = value.partition("=")
            arms.setdefault(name, []).append(change)
    for changes in arms.values():
        check_keys(recipe, [*common, *changes])


@functools.cache
def read_with_imports(script: Path) -> str:
    """Return the source of a script and of those beside it that it imports or starts."""
    source = script.read_text(encoding="utf-8")
    imported = re.findall(r"^\s*(?:from|import) (?:benchmarks\.)?(\w+)", source, re.MULTILINE)
    for name in {*imported, *re.findall(r'"(\w+)\.py"', source)}:
        if (module := script.parent / f"{name}.py").is_file() and module != script:
            source += read_with_imports(module)
    return source
