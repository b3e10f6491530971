"""Checks that a directory still holds the model that was saved there; imports no model library."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

from t5tune.errors import T5TuneError
from t5tune.files.json_values import as_object, parse_json, read_object
from t5tune.run.directory import RunDirectory, continuing_command, display_path
from t5tune.run.manifest import (
    MANIFEST,
    blaming_damage,
    find_change,
    find_damage,
    find_damage_at_a_glance,
    fingerprint_files,
)

# Key of t5tune in config.json, for facts that stay with a model wherever it is moved.
SETTINGS_KEY = "t5tune"
TRAINED_KEY = "num_trained_parameters"  # there, of a model that was not trained as a whole
ADAPTER_CONFIG = "adapter_config.json"  # peft's name, in the directory of an adapter
# Key in environment.json: hash of the files of the model that training ended with.
MODEL_KEY = "model_files_sha256"

# Files of a tokenizer that Transformers does not need.
_OPTIONAL = ("tokenizer_file", "tokenizer_config_file", "target_vocab_file")
_VOCABULARIES = ("tokenizer.json", "*.model", "*.spm", "vocab*", "*.tiktoken", "*.bpe", "dict*.txt")
# Kinds of weights; Transformers takes the first kind that exists.
_WEIGHTS = ("model*.safetensors", "pytorch_model*.bin")
_GENERATION = "generation_config.json"
_INDEX = "*.index.json"  # names the file of each part of the weights
_JSON = (
    "config.json", _GENERATION, "tokenizer.json", "tokenizer_config.json",
    "special_tokens_map.json", "added_tokens.json", "vocab.json", _INDEX,
)  # fmt: skip
_LENGTH_BYTES = 8  # before the header of a safetensors file


def check_model(directory: Path) -> None:
    """Refuse a directory that has changed since a model was saved there, at a glance.

    It compares the directory with the manifest if t5tune has saved the model. A directory from
    elsewhere has no manifest: there, JSON files must be JSON, and files of weights must have the
    length that they state. A hub id is accepted.

    Raises:
        T5TuneError: A file has changed or is damaged, which is named, or it holds an adapter.
    """
    if (directory / ADAPTER_CONFIG).is_file():
        merged = RunDirectory(directory.parent).model
        raise T5TuneError(
            f"{display_path(directory)} is an adapter, not a model.",
            next_command=f"use {display_path(merged)}, which has it merged"
            if merged.is_dir()
            else "merge it into its model with peft's merge_and_unload, and save that",
        )
    if damage := _find_model_damage(directory, all_of=False):
        raise refuse_model(directory, damage)


def check_exportable(run: RunDirectory) -> None:
    """Refuse to export what is not a finished run; its weights are not read.

    Raises:
        T5TuneError: It is not a finished run.
    """
    if not run.is_run:
        raise T5TuneError(
            f"{run.path} is not a finished run.",
            next_command="t5tune export RUN   # RUN is a finished run",
        )
    check_run(run)


def check_run(run: RunDirectory) -> None:
    """Refuse a run without a complete model, at a glance.

    Raises:
        T5TuneError: There is no model yet, or a file of it is damaged.
    """
    if not run.model.is_dir():
        raise T5TuneError(
            f"{run.path} has no model yet: its training has not finished.",
            next_command=f"{_train_command(run)}   # continues it",
        )
    if not (run.model / MANIFEST).is_file():
        raise refuse_model(run.model, f"{MANIFEST} is missing")
    check_model(run.model)


def check_model_is_of(run: RunDirectory) -> None:
    """Refuse a model that is not the one a run has trained: other weights, or changed ones.

    Files that were written after the manifest are read completely, whatever their size.

    Raises:
        T5TuneError: A file is not the run's own; it is named.
    """
    damage = find_change(run.model)
    recorded = read_object(run.environment).get(MODEL_KEY)
    if damage is None and recorded not in (None, fingerprint_files(run.model)):
        damage = "this is not the model that the training of the run ended with"
    if damage is not None:
        raise refuse_model(run.model, damage)


def blaming_files(directory: Path) -> AbstractContextManager[None]:
    """Replace the error of a library by one about a damaged file of the model, if there is one."""
    find = partial(_find_model_damage, directory, all_of=True)
    return blaming_damage(find, partial(refuse_model, directory))


def _find_model_damage(directory: Path, *, all_of: bool) -> str | None:
    """Return what is wrong with a model; `all_of` has large files read too, which takes time."""
    if (directory / MANIFEST).is_file():
        return find_damage(directory) if all_of else find_damage_at_a_glance(directory)
    return _find_unreadable(directory, all_of=all_of) if directory.is_dir() else None


def check_tokenizer(directory: Path, kind: type | None) -> None:
    """Refuse a directory that lacks a file which a tokenizer's class, if known, needs.

    Without it, Transformers builds a tokenizer to which every text is unknown.
    """
    if directory.is_dir() and (gap := _find_tokenizer_gap(directory, kind)):
        raise refuse_model(directory, gap)


def _find_tokenizer_gap(directory: Path, kind: type | None) -> str | None:
    names: Mapping[str, str] = getattr(kind, "vocab_files_names", {})
    optional = set(_OPTIONAL)
    if read_object(directory / "tokenizer_config.json").get("separate_vocabs"):  # Marian's
        optional.discard("target_vocab_file")
    needed = [name for role, name in names.items() if role not in optional]
    if not (directory / "tokenizer_config.json").is_file() and kind is None:
        return "tokenizer_config.json is missing"
    if not needed or (directory / "tokenizer.json").is_file():
        return None
    missing = [name for name in needed if not (directory / name).is_file()]
    if not any(any(directory.glob(pattern)) for pattern in _VOCABULARIES):
        return f"there is no tokenizer: neither tokenizer.json nor {' and '.join(needed)}"
    return f"{missing[0]} is missing" if 0 < len(missing) < len(needed) else None


def refuse_model(directory: Path, damage: str) -> T5TuneError:
    """Return the error about a directory whose model cannot be used."""
    return T5TuneError(
        f"{display_path(directory)}: {damage}.", next_command=_remake_command(directory)
    )


def _remake_command(directory: Path) -> str:
    run = RunDirectory(directory.parent)
    if run.is_run and directory.name == run.model.name:
        has_checkpoint = run.checkpoints.is_dir() and any(run.checkpoints.iterdir())
        what = "makes it again from the checkpoints" if has_checkpoint else "trains it again"
        return f"{_train_command(run)}   # {what}"
    shown = shlex.quote(display_path(directory))
    return f"ls -l {shown}   # then copy it again from where it came from"


def _train_command(run: RunDirectory) -> str:
    from t5tune.recipe.loading import load_recipe  # imports pydantic, which models do not need

    # Read as anyone's: a fault of the recipe is not what the message is about.
    return continuing_command(run, ["--allow-code"] if load_recipe(run.recipe).runs_code else [])


def _find_unreadable(directory: Path, *, all_of: bool) -> str | None:
    """Return the first damaged file of a model without a manifest, and what is wrong with it."""
    for pattern in _JSON:
        for path in directory.glob(pattern):
            if problem := _find_json_problem(path, all_of=all_of):
                return f"{path.name} {problem}"
    # If t5tune wrote its settings into config.json, it also wrote a generation configuration.
    if (
        SETTINGS_KEY in read_object(directory / "config.json")
        and not (directory / _GENERATION).is_file()
    ):
        return f"{_GENERATION} is missing"
    weights = next(filter(None, (sorted(directory.glob(kind)) for kind in _WEIGHTS)), [])
    for path in weights:
        if problem := _find_weights_problem(path):
            return f"{path.name} {problem}"
    for path in directory.glob(_INDEX):
        parts = as_object(read_object(path).get("weight_map")).values()
        for name in sorted(set(map(str, parts))):
            if not (directory / name).is_file():
                return f"{name} is missing, which {path.name} names"
    return None


_LARGE = 1_000_000  # bytes of JSON; larger files are left to the libraries


def _find_json_problem(path: Path, *, all_of: bool) -> str | None:
    try:
        if path.stat().st_size > _LARGE and not all_of:
            return None
        content = parse_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    except ValueError:
        return "is not JSON"
    return None if isinstance(content, dict) else "does not hold a JSON object"


def _find_weights_problem(path: Path) -> str | None:
    """Return what is wrong with the size of a file of weights, judged by its own header."""
    try:
        size = path.stat().st_size
        if size == 0:
            return "is empty"
        if path.suffix != ".safetensors":
            return None
        with path.open("rb") as stream:
            length = int.from_bytes(stream.read(_LENGTH_BYTES), "little")
            if length > size - _LENGTH_BYTES:
                return "is cut off, or no file of weights"
            header = json.loads(stream.read(length))
        ends = [entry["data_offsets"][1] for name, entry in header.items() if name[:2] != "__"]
        whole = _LENGTH_BYTES + length + max(ends, default=0)
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError):
        return "has a damaged header"
    return None if size == whole else f"has {size:,} bytes instead of {whole:,}"
