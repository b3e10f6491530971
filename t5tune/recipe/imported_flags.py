"""A recipe from a command line of Transformers' example scripts.

What each flag becomes is in `imported_flags.yaml` and, for `Seq2SeqTrainingArguments`, in
`training_extra.yaml`; docs/from-transformers.md shows both.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path, PurePath
from typing import Any

from pydantic import ValidationError

from t5tune.errors import T5TuneError, did_you_mean, list_names
from t5tune.files.json_values import read_object
from t5tune.recipe.loading import dump_values
from t5tune.recipe.schema import Recipe
from t5tune.recipe.sections.section import Section
from t5tune.recipe.training_extra import (
    FORWARDED,
    NAME,
    find_extra_problems,
    recipe_keys,
    refused_fields,
)
from t5tune.recipe.yaml_lines import by_name, load_table

# Scripts, and the task of a recipe for each.
SCRIPTS = {"run_translation": "translation", "run_summarization": "summarization"}

_SPLITS = ("train", "validation", "test")
_OFF = (None, False, "no", "none")  # values of flags that ask for nothing
_ON = ("use_fast_tokenizer", "ignore_pad_token_for_loss")  # flags that are on without a value


@dataclass(frozen=True)
class ImportedRecipe:
    """A recipe, and what it leaves out of a command line."""

    text: str
    left_out: Mapping[str, str]  # reasons by flag
    notes: Sequence[str]  # what the recipe has although the command line does not say it


@cache
def key_of_flag(flag: str) -> str | None:
    """Return the key of a recipe that a flag's value becomes; None if there is no such key."""
    tables = load_table("imported_flags")
    if flag in tables["keys"]:
        return str(tables["keys"][flag])
    if flag in by_name(tables["reasons"]):
        return None
    if flag in FORWARDED:
        return f"{NAME}.{flag}"
    key = recipe_keys().get(flag)
    return key if key is not None and re.fullmatch(r"[\w.]+", key) else None


@cache
def reason_without_key(flag: str) -> str | None:
    """Return what a recipe has in place of a flag without a key; None for an unknown flag."""
    own = by_name(load_table("imported_flags")["reasons"])
    return own.get(flag) or recipe_keys().get(flag) or refused_fields().get(flag)


def list_flags() -> list[str]:
    """Return all known flags: those of the scripts first."""
    tables = load_table("imported_flags")
    known = (tables["keys"], by_name(tables["reasons"]), FORWARDED, recipe_keys(), refused_fields())
    return list(dict.fromkeys(flag for table in known for flag in table))


def import_command(script: str, arguments: Sequence[str]) -> ImportedRecipe:
    """Return the recipe for a command line of an example script.

    Args:
        script: Name of the script, with or without directories and `.py`.
        arguments: Its arguments, or the one JSON file that holds them.

    Raises:
        T5TuneError: There is no such script, or no recipe follows from the arguments.
    """
    name = PurePath(script).stem
    if name not in SCRIPTS:
        raise T5TuneError(
            f"{script} is not a script that t5tune knows{did_you_mean(name, SCRIPTS) or '.'}",
            next_command=f"t5tune import {' | '.join(SCRIPTS)} ARGUMENTS",
        )
    building = _Building(name, _read_arguments(arguments))
    building.set_values()
    building.set_data()
    building.set_defaults()
    return ImportedRecipe(building.finish(), building.left_out, building.notes)


def _read_arguments(arguments: Sequence[str]) -> dict[str, Any]:
    """Return the flags with their values, as the scripts read them."""
    if len(arguments) == 1 and arguments[0].endswith(".json"):
        return read_object(Path(arguments[0]))
    flags: dict[str, list[Any]] = {}
    values: list[Any] | None = None
    for word in arguments:
        if word.startswith("--"):
            flag, _, value = word[2:].partition("=")
            values = flags.setdefault(flag.replace("-", "_"), [])
            values.extend([_read(value)] if value else [])
        elif values is None:
            raise T5TuneError(
                f"{word} stands before the first flag.",
                next_command="t5tune import SCRIPT --model_name_or_path …",
            )
        else:
            values.append(_read(word))
    return {
        flag: values[0] if len(values) == 1 else values or True for flag, values in flags.items()
    }


def _read(word: str) -> Any:
    """Return a number, a truth value or JSON; any other word as it is."""
    if word in ("True", "False"):
        return word == "True"
    try:
        return json.loads(word)
    except ValueError:
        return word


@dataclass
class _Building:
    """A recipe in the making.

    Attributes:
        script: The script's name.
        flags: Values by flag.
        values: Values by key of the recipe.
        flag_of: The flag that gave a key its value.
        left_out: Reasons by flag.
        notes: What the recipe has although no flag says it.
    """

    script: str
    flags: Mapping[str, Any]
    values: dict[str, Any] = field(default_factory=dict)
    flag_of: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def set_values(self) -> None:
        """Give keys the values of flags."""
        names = load_table("imported_flags")["values"]
        for flag, value in self.flags.items():
            key = key_of_flag(flag)
            if key is None:
                self._leave_out(flag, value)
                continue
            known = names.get(key, {})
            value = known.get(str(value), value)
            if value is not None:
                self.values[key], self.flag_of[key] = value, flag
        if self.flags.get("adafactor") is True:
            self.values["training.optim"] = "adafactor"
            self.left_out.pop("adafactor")
        folder = PurePath(str(self.values.get("name", self.script))).name
        self.values["name"] = re.sub(r"[^A-Za-z0-9._-]+", "-", folder).strip("-._") or self.script

    def _leave_out(self, flag: str, value: Any) -> None:
        reason = reason_without_key(flag)
        if reason is None:
            reason = f"{self.script} has no such flag{did_you_mean(flag, list_flags())}"
        elif value in _OFF and flag not in _ON:
            return
        self.left_out[flag] = reason

    def set_data(self) -> None:
        """Make the three splits of a data set, or of files."""
        values = self.values
        if "data.train.hub" in values:
            wanted = _SPLITS if self.flags.get("do_predict") is True else _SPLITS[:2]
            for split in wanted:
                values[f"data.{split}.hub"] = values["data.train.hub"]
                if "data.train.config" in values:
                    values[f"data.{split}.config"] = values["data.train.config"]
                values[f"data.{split}.split"] = split
            self.left_out.pop("do_predict", None)
        elif "data.validation.file" not in values and "data.train.file" in values:
            values["data.validation.from"] = "train"
            values["data.validation.size"] = "5%"
            self.notes.append("data.validation: no file was named, so that 5% of data.train are it")
        for side, key in (("source", "source_lang"), ("target", "target_lang")):
            language = str(values.get(key, ""))
            if SCRIPTS[self.script] == "translation" and "_" in language:
                # The scripts look for the texts under the language without its region.
                values[f"data.{side}"] = f"translation.{language.partition('_')[0]}"
        if not any(f"data.test.{key}" in values for key in ("hub", "file")):
            values.pop("data.test.max_examples", None)

    def set_defaults(self) -> None:
        """Give keys what the scripts do without a flag."""
        defaults = dict(load_table("imported_flags")["defaults"])
        if "warmup_ratio" in self.flags:
            del defaults["training.warmup_steps"]
        for key, value in defaults.items():
            self.values.setdefault(key, value)
        longest = self.values["data.max_target_length"]
        self.values.setdefault("decoding.max_new_tokens", longest)

    def finish(self) -> str:
        """Return the recipe without the values that no recipe can have, which are left out."""
        while True:
            content = self._nest()
            try:
                recipe = Recipe.model_validate(content)
            except ValidationError as error:
                found = [(one["loc"], one["msg"]) for one in error.errors(include_url=False)]
            else:
                extra = find_extra_problems(recipe.training.extra, recipe.training)
                found = [(("training", "extra", key), problem) for key, problem in extra]
            if not found:
                return f"# From a command line of {self.script}.py\n{dump_values(content)}"
            self._drop(found)

    def _drop(self, problems: Sequence[tuple[Sequence[Any], str]]) -> None:
        """Leave out the flags whose values have these problems.

        Raises:
            T5TuneError: A problem comes from no flag, such as a key that is missing.
        """
        named = [
            (key, flag, message.removeprefix("Value error, "))
            for place, message in problems
            for key, flag in self.flag_of.items()
            if key in self.values and tuple(key.split(".")) == tuple(place)[: key.count(".") + 1]
        ]
        if not named:
            missing = list_names([".".join(map(str, place)) for place, _ in problems])
            message = problems[0][1].removeprefix("Value error, ")
            raise T5TuneError(
                f"No recipe follows from this command line: {missing or 'recipe'}: {message}.",
                next_command=f"t5tune import {self.script} --help   # what is needed",
            )
        for key, flag, message in named:
            self.left_out[flag] = f"{key}: {message}"
            self.values.pop(key, None)

    def _nest(self) -> dict[str, Any]:
        """Return the content of the recipe, in the order of its sections."""
        content: dict[str, Any] = {"name": None, "task": SCRIPTS[self.script]}
        content |= {name: {} for name in Recipe.model_fields if name not in content}
        for key, value in self.values.items():
            *sections, name = key.split(".")
            section = content
            for part in sections:
                section = section.setdefault(part, {})
            section[name] = value
        for name, section in content.items():
            kind = Recipe.model_fields[name].annotation
            if isinstance(section, dict) and isinstance(kind, type) and issubclass(kind, Section):
                order = list(kind.model_fields)
                content[name] = dict(sorted(section.items(), key=lambda one: order.index(one[0])))
        return {name: value for name, value in content.items() if value != {}}
