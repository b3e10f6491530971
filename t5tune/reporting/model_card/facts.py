"""Facts from a run's files about its model, without paths of the machine that made it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any

from t5tune.files.json_values import as_count, as_object, keep_texts, read_log, read_object
from t5tune.models.directories import SETTINGS_KEY, TRAINED_KEY
from t5tune.recipe.places import FILE_KEYS, HubSplit, Place, join_names, map_names
from t5tune.recipe.schema import Recipe
from t5tune.run.directory import RunDirectory

_PACKAGES = ("t5tune", "torch", "transformers", "tokenizers")


@dataclass(frozen=True)
class ModelFacts:
    """Facts about a model; a missing file leaves its facts empty."""

    model_type: str  # as in config.json, for example `t5`
    prefix: str  # text before every source
    max_source_length: int | None  # maximum source length in tokens
    num_parameters: int | None  # tied ones count once
    num_trained: int | None  # parameters that were trained; None if these are all
    example_source: str  # text that was translated when the model was saved
    example_output: str  # translation of that text
    # Languages that the command needs, by `source` and `target`.
    needed_languages: Mapping[str, str] = field(default_factory=dict)
    num_steps: int | None = None  # optimizer steps of the training
    seconds: float | None = None  # of the training
    hardware: str | None = None  # in words
    software: str | None = None  # packages with versions
    # Number of examples by split, as far as recorded.
    num_examples: Mapping[str, int] = field(default_factory=dict)


def read_facts(run: RunDirectory) -> ModelFacts:
    """Read config.json, smoke.json, the sizes of the weights, environment.json and log.jsonl."""
    config = read_object(run.model / "config.json")
    tokenizer = read_object(run.model / "tokenizer_config.json")
    own = as_object(config.get(SETTINGS_KEY))
    smoke = keep_texts(read_object(run.smoke))
    environment = read_object(run.environment)
    last: dict[str, Any] = next(reversed(read_log(run.log)), {})
    versions = keep_texts(environment.get("versions"))
    named = [f"{name} {versions[name]}" for name in _PACKAGES if name in versions]
    if "python" in environment:
        named.append(f"Python {environment['python']}")
    both = {"source": tokenizer.get("src_lang"), "target": tokenizer.get("tgt_lang")}
    languages = {side: language for side, language in keep_texts(both).items() if language}
    counts = as_object(environment.get("num_examples"))
    return ModelFacts(
        model_type=str(config.get("model_type", "encoder-decoder")),
        prefix=keep_texts(own).get("prefix", ""),
        max_source_length=as_count(own.get("max_source_length")),
        num_parameters=_count_parameters(run.model),
        num_trained=as_count(own.get(TRAINED_KEY)),
        example_source=smoke.get("source", ""),
        example_output=smoke.get("hypothesis", ""),
        needed_languages=languages,
        num_steps=last.get("step"),
        seconds=last.get("elapsed_seconds"),
        hardware=_describe_hardware(environment),
        software=", ".join(named) or None,
        num_examples={key: n for key, n in counts.items() if as_count(n) is not None},
    )


def value_of_entry(values: Mapping[str, Any], key: str) -> Any:
    """Return what is recorded about an entry, by its key in the recipe; None if nothing is.

    The first of several sets that are translated is recorded under the name of its split.
    """
    first = key if "train" in key else key.removesuffix("[0]")
    return values.get(key, values.get(first))


def describe_data(place: Place) -> str:
    """Return the hub data set with configuration and split, or file names without directories."""
    if isinstance(place, HubSplit):
        name = ", ".join(part for part in (place.hub, place.config, place.split) if part)
        return f"{name} (revision {place.revision})" if place.revision else name
    return join_names([_base_name(file) for file in place.files]) or str(place)


def is_hub_id(name: str | None) -> bool:
    """Return whether a model's name is a hub id rather than a local directory."""
    return (
        bool(name)
        and not str(name).startswith((".", "/", "~", "\\"))
        and (not Path(str(name)).exists() and str(name).count("/") <= 1)
    )


def portable_recipe(recipe: Recipe) -> dict[str, Any]:
    """Return the recipe without defaults, with the bare names of files and local models."""
    content: dict[str, Any] = recipe.model_dump(mode="json", exclude_defaults=True)
    of_splits = [content["data"].get(split) or {} for split in ("train", "validation", "test")]
    entries = [one for of in of_splits for one in (of if isinstance(of, list) else [of])]
    for entry in [*entries, *content.get("evaluation", {}).get("keep", [])]:
        for key in FILE_KEYS:
            if key in entry:
                entry[key] = map_names(_base_name, entry[key])
        if "target_file" in entry and "references" in entry:
            entry["references"] = map_names(_base_name, entry["references"])
    named = [content["model"], (content["model"].get("from_scratch") or {}).get("tokenizer") or {}]
    for section in named:
        if section.get("name") and not is_hub_id(section["name"]):
            section["name"] = PurePath(section["name"]).name
    portable: dict[str, Any] = _without_paths(content)
    return portable


def _base_name(path: str) -> str:
    return PurePath(path).name


def portable_command(command: str) -> str:
    """Return a command with absolute paths reduced to their last names."""
    try:
        words = shlex.split(command)
    except ValueError:  # damaged
        return ""
    return shlex.join(_portable_word(word) for word in words)


def _portable_word(word: str) -> str:
    option, equals, value = word.rpartition("=")
    return option + equals + (PurePath(value).name if value.startswith(("/", "~/")) else value)


def _without_paths(value: Any) -> Any:
    """Return values with absolute paths, as in `training.extra`, reduced to their last names."""
    if isinstance(value, dict):
        return {key: _without_paths(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_paths(item) for item in value]
    is_path = isinstance(value, str) and value.startswith(("/", "~/")) and " " not in value
    return PurePath(value).name if is_path else value


def _describe_hardware(environment: Mapping[str, Any]) -> str | None:
    if "num_cpu_threads" not in environment:
        return None
    listed = environment.get("accelerators")
    accelerators = [str(name) for name in listed] if isinstance(listed, list) else []
    kinds = sorted(set(accelerators))
    if kinds:
        text = ", ".join(f"{accelerators.count(kind)} × {kind}" for kind in kinds)
    else:
        num_threads = environment["num_cpu_threads"]
        text = f"CPU, {num_threads} thread{'' if num_threads == 1 else 's'}"
    num_processes = environment.get("num_processes", 1)
    return text if num_processes == 1 else f"{text}, {num_processes} processes"


def _count_parameters(model: Path) -> int | None:
    """Return the number of elements of all tensors, from the headers of the weight files."""
    from safetensors import SafetensorError, safe_open

    total = 0
    for path in model.glob("*.safetensors"):
        with suppress(OSError, SafetensorError), safe_open(path, framework="numpy") as weights:
            for name in weights.keys():  # noqa: SIM118 (no dictionary)
                size = 1
                for length in weights.get_slice(name).get_shape():
                    size *= length
                total += size
    return total or None
