"""The file of a draft: checked like any recipe, then written."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from t5tune.drafting.draft import Draft, draft_recipe
from t5tune.drafting.questions import Asker
from t5tune.drafting.recipe_text import write_recipe
from t5tune.drafting.wishes import Wishes
from t5tune.errors import T5TuneError, visible
from t5tune.files.writing import write_text
from t5tune.recipe.loading import load_recipe
from t5tune.run.directory import RUNS, display_path
from t5tune.training.preparation.contents import check_contents
from t5tune.training.preparation.inputs import check_inputs, check_prerequisites

_FILE_KEYS = ("file", "source_file", "target_file")
_NAME_KEYS = ("hub", "name")  # a path if there is such a directory, which then begins with a dot


@dataclass(frozen=True)
class DraftedFile:
    """A recipe that was written.

    Attributes:
        path: Its file.
        draft: What it says, with reasons.
        body: Its text without the heading.
        commands: The next commands, with what each is for.
    """

    path: Path
    draft: Draft
    body: str
    commands: tuple[tuple[str, str], ...]

    def format(self) -> Iterator[str]:
        """Yield lines for people."""
        yield f"{self.draft.title}"
        yield from (f"- {note}" for note in self.draft.notes)
        yield ""
        yield from (f"  {line}" for line in self.body.splitlines())
        yield ""
        yield f"wrote {display_path(self.path)}; next:"
        width = max(len(command) for command, _ in self.commands)
        for command, purpose in self.commands:
            yield f"  {command:{width}}   # {purpose}"

    def to_json(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "recipe": str(self.path),
            "title": self.draft.title,
            "notes": self.draft.notes,
            "choices": [
                {"key": one.key, "value": one.value, "reason": one.reason}
                for one in self.draft.choices
            ],
            "next_commands": [command for command, _ in self.commands],
        }


def draft_file(wishes: Wishes, asker: Asker, *, overwrite: bool = False) -> DraftedFile:
    """Draft a recipe, check that it can be trained, and write it.

    Raises:
        T5TuneError: The data cannot be used, a recipe is in the way, or the file cannot be written.
    """
    output = wishes.output or Path()
    if not output.is_dir():
        _refuse_existing(output, overwrite=overwrite)
    draft = draft_recipe(wishes, asker)
    path = output / f"{draft.values['name']}.yaml" if output.is_dir() else output
    _refuse_existing(path, overwrite=overwrite)
    _use_free_name(draft)
    name = draft.values["name"]
    commands = (
        (f"t5tune train {_quote(path)}", "trains, evaluates and exports"),
        (f"t5tune eval {name}", "the scores on the test set, again"),
        (f't5tune translate --model {name} "…"', "what the model makes of a text"),
        (f"t5tune serve {name}", "a page that translates, for colleagues to try"),
    )
    body = _write(draft, path, commands)
    return DraftedFile(path, draft, body, commands)


def _quote(path: Path) -> str:
    return shlex.quote(display_path(path))


def _refuse_existing(path: Path, *, overwrite: bool) -> None:
    if path.exists() and not overwrite:
        raise T5TuneError(
            f"{display_path(path)} exists, and is not replaced.",
            next_command=f"the same command with --output OTHER.yaml, or with --overwrite   "
            f"# which replaces {display_path(path)}",
        )


def _use_free_name(draft: Draft) -> None:
    """Give the run a name that no run has: a recipe of its own does not continue another's."""
    name = draft.values["name"]
    number = 2
    while (RUNS / draft.values["name"]).exists():
        draft.values["name"] = f"{name}-{number}"
        number += 1
    if number > 2:
        draft.notes.append(f"runs/{name} exists, so the run is called {draft.values['name']}")


def _write(draft: Draft, path: Path, commands: tuple[tuple[str, str], ...]) -> str:
    """Write the recipe under another name, check it there, and then let it appear.

    Returns:
        Its text without the heading.
    """
    data = draft.values["data"]
    for split in ("train", "validation", "test"):
        data[split] = _relative_paths(data[split], path)
    model = draft.values["model"]
    if "name" in model:
        draft.values["model"] = _relative_paths(model, path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.yaml")
    try:
        body = _write_text(draft, temporary, commands)
        recipe = load_recipe(temporary, for_training=True)
        try:
            check_prerequisites(recipe)
        except T5TuneError as error:  # the tokenizer that BLEU needs for a language
            draft.notes.append(f"{error.message} With it, remove `metrics`: {error.next_command}")
            draft.set("evaluation.metrics", ["chrf"], "needs no tokenizer for the language")
            body = _write_text(draft, temporary, commands)
            recipe = load_recipe(temporary, for_training=True)
            check_prerequisites(recipe)
        check_inputs(recipe)
        if not draft.is_large:
            check_contents(recipe)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    return body


def _write_text(draft: Draft, path: Path, commands: tuple[tuple[str, str], ...]) -> str:
    heading = [commands[0][0], draft.title, ""]
    heading += ["Written by t5tune init, which gives the reasons. Change what you know better."]
    heading += [f"- {note}" for note in draft.notes]
    body = write_recipe(draft.values, {choice.key: choice.reason for choice in draft.choices})
    marked = "".join(f"# {visible(line, one_line=True)}".rstrip() + "\n" for line in heading)
    write_text(path, marked + body)
    return body


def _relative_paths(entry: dict[str, Any], path: Path) -> dict[str, Any]:
    """Return a section whose paths start at the recipe's directory, if they lie below it."""
    directory = path.resolve().parent
    changed = dict(entry)
    for key in (*_FILE_KEYS, *_NAME_KEYS):
        name = entry.get(key)
        if name is None or (key in _NAME_KEYS and not Path(name).is_dir()):
            continue
        absolute = Path(name).expanduser().resolve()
        inside = absolute.is_relative_to(directory)
        shown = str(absolute.relative_to(directory)) if inside else str(absolute)
        changed[key] = f"./{shown}" if key in _NAME_KEYS and inside else shown
    return changed
