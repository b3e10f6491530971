"""Checks that a run can resume: recipe, data and checkpoints. Imports no model library."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from t5tune.console import say
from t5tune.errors import T5TuneError
from t5tune.files.json_values import as_object, read_object
from t5tune.recipe import training_extra
from t5tune.recipe.loading import differing_keys
from t5tune.recipe.places import FILE_KEYS
from t5tune.recipe.schema import Recipe
from t5tune.run.directory import RunDirectory
from t5tune.run.manifest import find_damage, read_fact
from t5tune.training.checkpoints.store import find_newest_complete, list_checkpoints

RESTART = "the same command with --restart   # trains in a new directory beside it"

# Keys of a manifest's facts.
RECIPE = "recipe_sha256"
DATA = "data_sha256"
VERSIONS = "versions"
BF16 = "bf16"
ROUNDS = "augmentation_rounds"
PREFIX = "prefix"
BASE = "base_weights"  # hash of the weights that an adapter changes

# Keys that change how long a run trains, not what it has trained so far.
MORE_IS_SAFE = ("training.num_train_epochs", "training.max_steps")
EXTENDING = (*MORE_IS_SAFE, "training.max_minutes", "training.early_stopping_patience")
# Keys that change nothing in training. The content of data files is compared by itself.
HARMLESS: tuple[str, ...] = (
    "model.allow_pickle",
    "training.logging_steps",
    "training.save_total_limit",
    "training.cpu_paths",
    "training.sharding",
    "training.cpu_offload",
    "training.deepspeed_config",
    "data.test",
    "export",
    "expected",
    "decoding.num_beams",
    "decoding.length_penalty",
    "evaluation.contrastive",
    "evaluation.keep",
    "evaluation.stress",
    "evaluation.generalization",
    *(f"training.extra.{key}" for key in training_extra.harmless_fields()),
    *(f"data.{split}.{key}" for split in ("train", "validation") for key in FILE_KEYS),
)
# Keys that data entries had in version 0.1.0; a fingerprint has others only where they are set.
FIRST_KEYS = frozenset(
    (
        "hub", "config", "split", "revision", "file", "source_file", "target_file", "format",
        "columns", "source", "target", "references", "prefix", "max_examples",
    )
)  # fmt: skip
# Keys of `model` that a fingerprint has only where they are set, as data entries.
LATER_KEYS = ("adapter", "freeze", "new_language", "new_tokens", "trust_remote_code")


def recorded_recipe(run: RunDirectory) -> Recipe | None:
    """Return the recipe that a run last began with, as its user wrote it."""
    try:
        return Recipe.model_validate(read_object(run.environment)["recipe"])
    except (ValueError, KeyError):
        return None


def with_values_of(recipe: Recipe, keys: Iterable[str], other: Recipe) -> Recipe:
    """Return the other recipe with this one's values of some keys.

    Raises:
        ValidationError: The values exclude each other.
    """
    wanted, values = recipe.model_dump(mode="json"), other.model_dump(mode="json")
    for key in keys:
        *sections, name = key.split(".")
        section = values
        for part in sections:
            section[part] = section.get(part) or {}
            section = section[part]
        section[name] = value_of(wanted, key)
    return Recipe.model_validate(values)


def find_unsafe_changes(recorded: Recipe, recipe: Recipe) -> list[str]:
    """Return the keys that differ and that a resumed run must not change."""
    harmless = _find_harmless(recorded, recipe)
    return [
        key
        for key in differing_keys(recorded, recipe)
        if not _is_below(key, harmless)
        and not (_is_below(key, EXTENDING) and _is_safe(key, recorded, recipe))
    ]


def _find_harmless(*recipes: Recipe) -> Sequence[str]:
    """Return the harmless keys; a test set that is cut from the training data is none."""
    is_cut = any("test" in recipe.data.cuts for recipe in recipes)
    return [key for key in HARMLESS if not (is_cut and key == "data.test")]


def _is_below(key: str, sections: Sequence[str]) -> bool:
    key = re.sub(r"\[\d+\]", "", key)  # an entry of a mixture has the keys of one alone
    return any(key == section or key.startswith(f"{section}.") for section in sections)


def _is_safe(key: str, recorded: Recipe, recipe: Recipe) -> bool:
    if key not in MORE_IS_SAFE:
        return True
    name = key.rpartition(".")[2]
    before, now = getattr(recorded.training, name), getattr(recipe.training, name)
    return before is not None and now is not None and now > before


def describe_changes(recorded: Recipe, recipe: Recipe) -> str:
    """Describe safe changes for people: `training.max_steps 8 -> 12, …`."""
    before, now = recorded.model_dump(), recipe.model_dump()
    return ", ".join(
        f"{key} {value_of(before, key)} -> {value_of(now, key)}"
        for key in differing_keys(recorded, recipe)
        if not key.startswith("expected")  # nothing that a run does
    )


def value_of(section: Any, key: str) -> Any:
    """Return the value of a key, such as `data.train[0].weight`, in the values of a recipe."""
    for part in key.split("."):
        name, _, number = part.partition("[")
        section = section.get(name) if isinstance(section, dict) else None
        section = section[int(number.rstrip("]"))] if number and section else section
    return section


def fingerprint_recipe(recipe: Recipe) -> str:
    """Return the SHA-256 of everything in the recipe that decides the final model."""
    content = recipe.model_dump(mode="json")
    for split in ("train", "validation", "test"):
        content["data"][split] = _shorten(content["data"][split])
    later = dict.fromkeys(("augment", "cleaning", "denoise", "mixing", "normalization"))
    for key, default in (*later.items(), ("long_sources", "cut")):
        if content["data"][key] == default:  # as in the recipes of earlier versions
            del content["data"][key]
    if rules := content["data"].get("cleaning"):
        content["data"]["cleaning"] = _name_rules(rules)
    if (scratch := content["model"]["from_scratch"]) is not None:
        for key, default in (("architecture", "t5"), ("activation", None)):
            if scratch[key] == default:
                del scratch[key]
        for key in ("separate_vocabs", "augmented"):
            if not scratch["tokenizer"][key]:
                del scratch["tokenizer"][key]
    for name in LATER_KEYS:
        if not content["model"][name]:
            del content["model"][name]
    # Only what is given: runs from before there were regularizers keep their fingerprint.
    content["training"]["regularization"] = {
        key: value for key, value in content["training"]["regularization"].items() if value
    }
    if not content["training"]["regularization"]:
        del content["training"]["regularization"]
    if content["training"]["scale_parameter"] is None:
        del content["training"]["scale_parameter"]
    for key in _find_harmless(recipe):
        *sections, name = key.split(".")
        section = content
        for part in sections:
            section = section[part]
        for one in section if isinstance(section, list) else [section]:
            one.pop(name, None)  # not every recipe has the keys of `training.extra`
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _shorten(value: Any) -> Any:
    """Return entries of data without keys that version 0.1.0 did not have and that are not set."""
    if isinstance(value, list):
        return list(map(_shorten, value))
    if value is None:
        return None
    kept = {key: one for key, one in value.items() if key in FIRST_KEYS or one is not None}
    return kept | {"cleaning": _name_rules(kept["cleaning"])} if "cleaning" in kept else kept


def _name_rules(rules: Mapping[str, Any]) -> dict[str, Any]:
    """Return the rules of cleaning that are named: those of later versions are off."""
    return {name: one for name, one in rules.items() if one is not None}


def has_model_of(run: RunDirectory, recipe: Recipe) -> bool:
    """Return whether `model/` is complete and the result of this recipe's training."""
    is_whole = run.has_model and find_damage(run.model) is None
    return is_whole and read_fact(run.model, RECIPE) == fingerprint_recipe(recipe)


def choose_checkpoint(run: RunDirectory) -> Path | None:
    """Return the checkpoint to resume from, if there is one, and name skipped ones on stderr.

    Raises:
        T5TuneError: There are checkpoints, but none can be used.
    """
    found = find_newest_complete(run.checkpoints)
    for path, damage in found.skipped.items():
        say(f"skipped {path}: {damage}")
    if found.checkpoint is None and found.skipped:
        path, damage = next(iter(found.skipped.items()))
        raise T5TuneError(
            f"{path}: {damage}; no checkpoint of this run is complete.", next_command=RESTART
        )
    return found.checkpoint


def has_trained(run: RunDirectory) -> bool:
    """Return whether a run has a checkpoint, which another recipe could spoil."""
    return run.has_model or bool(list_checkpoints(run.checkpoints))


def check_data(checkpoint: Path, data: Mapping[str, str]) -> None:
    """Refuse to resume with other data: compare fingerprints by name with a checkpoint's.

    Raises:
        T5TuneError: A fingerprint differs from that of the checkpoint.
    """
    before = as_object(read_fact(checkpoint, DATA))
    for name, digest in data.items():
        if before.get(name) != digest:
            raise T5TuneError(
                f"{name}: not what it was when {checkpoint} was saved, and a run cannot resume "
                "with other data.",
                next_command=f"bring the former data back, or {RESTART}",
            )


def check_base(checkpoint: Path, weights: str, name: str) -> None:
    """Refuse to resume an adapter on other weights than those that it was trained on.

    Raises:
        T5TuneError: The weights differ from those that the checkpoint was saved with.
    """
    if read_fact(checkpoint, BASE) != weights:
        raise T5TuneError(
            f"model.name: {name} does not have the weights that it had when {checkpoint} was "
            "saved, which holds nothing but their adapter.",
            next_command=f"bring the former model back, or {RESTART}",
        )


def warn_of_versions(checkpoint: Path, versions: Mapping[str, str]) -> None:
    """Warn of libraries whose version differs from the one that saved a checkpoint."""
    before = as_object(read_fact(checkpoint, VERSIONS))
    changed = [f"{k} {before.get(k)} -> {v}" for k, v in versions.items() if before.get(k) != v]
    if changed:
        say(
            f"warning: other versions than when {checkpoint.name} was saved: {', '.join(changed)}; "
            "the run may not end exactly as it would have"
        )
