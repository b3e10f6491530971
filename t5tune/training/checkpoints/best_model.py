"""The model that a run ends with, moved into place complete and with a manifest."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from t5tune.console import say, track
from t5tune.decoding.found_model import FoundRun, find_model_of_run
from t5tune.decoding.loaded_model import LoadedModel
from t5tune.models.adapters import count_trained, has_adapter
from t5tune.models.directories import SETTINGS_KEY, TRAINED_KEY
from t5tune.models.families import find_family
from t5tune.models.loading import load_config
from t5tune.models.ties import has_own_output_layer
from t5tune.recipe.resolved_recipe import ResolvedRecipe
from t5tune.run.directory import RunDirectory
from t5tune.run.manifest import flush, remove_directory, write_manifest
from t5tune.training.checkpoints.best_adapter import save_with_adapter
from t5tune.training.checkpoints.disk_space import count_model_bytes, refuse_full_disk
from t5tune.training.checkpoints.selection import ChosenWeights
from t5tune.training.preparation.environment import record_model

_WEIGHTS = "model*.safetensors"  # one file, or the parts of a large model
_INDEX = "model.safetensors.index.json"  # which part has which tensor


@track("saving the model")
def keep_best_model(
    run: RunDirectory,
    recipe: ResolvedRecipe,
    weights: ChosenWeights,
    trained: LoadedModel,
    sentence: str,
    facts: Mapping[str, Any],
) -> FoundRun:
    """Save the best weights as `model/`, and return the model that was loaded from there.

    The loaded model translates a sentence first, so that an existing `model/` can be used, and
    `t5tune verify` has a translation to compare with. The manifest holds the facts and the files.

    Raises:
        T5TuneError: The disk is full.
    """
    temporary = run.model.with_name(run.model.name + ".tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    num_trained = count_trained(trained.translator.model)
    try:
        temporary.mkdir()
        if has_adapter(trained.translator.model):
            network = trained.translator.model
            save_with_adapter(run, recipe.model, weights, network, temporary, facts)
        else:
            _save_weights(weights, trained.translator.model, temporary)
        _save_rest(weights, trained, num_trained, temporary)
        model = find_model_of_run(run, recipe, temporary)
        loaded = model.load()
        smoke = {
            "source": sentence,
            "hypothesis": loaded.translate_sentence(sentence),
            "device": loaded.translator.model.device.type,
        }
        text = json.dumps(smoke, ensure_ascii=False, indent=1)
        (temporary / run.smoke.name).write_text(text + "\n", encoding="utf-8")
        write_manifest(temporary, facts)
    except Exception as error:
        shutil.rmtree(temporary, ignore_errors=True)
        needed = count_model_bytes(trained.translator.model)
        refuse_full_disk(
            error, run.path, needed, what="the model", kept="all checkpoints are complete"
        )
        raise
    # An existing model belongs to a shorter training of this run.
    shutil.rmtree(run.path / "eval", ignore_errors=True)
    remove_directory(run.model)
    os.replace(temporary, run.model)
    model.path = str(run.model)
    flush(run.path)
    record_model(run)
    say(f"model: {run.model} ({weights.label})")
    return model


def _save_rest(
    weights: ChosenWeights, trained: LoadedModel, num_trained: int | None, directory: Path
) -> None:
    """Write all files of a model except its weights and those that t5tune adds."""
    for path in weights.checkpoint.glob("*.py"):  # of a model with code of its own
        shutil.copyfile(path, directory / path.name)
    config = load_config(str(weights.checkpoint))
    config.dtype = "float32"
    settings = {
        "prefix": trained.translator.settings.prefix,
        "max_source_length": trained.translator.max_source_length,
        "weights": weights.label,
    }
    settings |= trained.translator.settings.special
    if num_trained is not None:
        settings[TRAINED_KEY] = num_trained
    setattr(config, SETTINGS_KEY, settings)
    model = trained.translator.model
    if find_family(config.model_type).scales_outputs and has_own_output_layer(model):
        # Other programs, Transformers 4 among them, take the library's "tied" at its word.
        config.tie_word_embeddings = getattr(config, "scale_decoder_outputs", False)
    config.save_pretrained(directory)
    model.generation_config.save_pretrained(directory)
    trained.tokenizer.save_pretrained(directory)


def _save_weights(weights: ChosenWeights, model: torch.nn.Module, directory: Path) -> None:
    """Write the checkpoint's tensors, or what takes their place, in fp32.

    The files are copied between directories, without a model in memory.
    """
    averaged = weights.averaged or {}
    first_names = {id(parameter): name for name, parameter in model.named_parameters()}
    # A file has tied tensors under one of their names, an average under the first.
    aliases = {
        name: first_names[id(parameter)]
        for name, parameter in model.named_parameters(remove_duplicate=False)
    }
    for path in sorted(weights.checkpoint.glob(_WEIGHTS)):
        tensors = load_file(path)
        for name, tensor in tensors.items():
            tensor = averaged.get(name, averaged.get(aliases.get(name, name), tensor))
            if tensor.is_floating_point():
                tensors[name] = tensor.float().cpu().contiguous()
        save_file(tensors, directory / path.name, metadata={"format": "pt"})
    if (weights.checkpoint / _INDEX).is_file():
        shutil.copyfile(weights.checkpoint / _INDEX, directory / _INDEX)
