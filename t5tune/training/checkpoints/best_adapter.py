"""The adapter that a run ends with: kept beside the model, and merged into it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors.torch import load_file
from transformers import PreTrainedModel

from t5tune.models.adapters import FILE, merge_adapter, save_for_peft
from t5tune.run.directory import RunDirectory
from t5tune.run.manifest import remove_directory, write_manifest
from t5tune.training.checkpoints.selection import ChosenWeights
from t5tune.training.optim.averaging import set_weights

if TYPE_CHECKING:
    from t5tune.recipe.sections.model_section import ModelSection


def save_with_adapter(
    run: RunDirectory,
    section: ModelSection,
    weights: ChosenWeights,
    model: PreTrainedModel,
    directory: Path,
    facts: Mapping[str, Any],
) -> None:
    """Write the chosen adapter as `adapter/`, and the model with it merged into a directory.

    The model in memory is merged too, and has no adapter any more.
    """
    set_weights(model, {**load_file(weights.checkpoint / FILE), **(weights.averaged or {})})
    _keep(run, section, model, facts)
    merge_adapter(model)
    model.save_pretrained(directory)


def _keep(
    run: RunDirectory, section: ModelSection, model: PreTrainedModel, facts: Mapping[str, Any]
) -> None:
    temporary = run.adapter.with_name(f"{run.adapter.name}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    save_for_peft(model, temporary, str(section.name), section.revision)
    write_manifest(temporary, facts)
    remove_directory(run.adapter)
    os.replace(temporary, run.adapter)
