"""Weights of a pretrained model that are not on this machine, and a model without them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil
import torch
from transformers import AutoModelForSeq2SeqLM, PreTrainedConfig, PreTrainedModel

from t5tune.console import track
from t5tune.errors import T5TuneError
from t5tune.hub import HubRepository, Snapshot, find_snapshot
from t5tune.hub.offline import is_offline
from t5tune.models.generation import load_generation_config, read_needs
from t5tune.models.hub_files import (
    PICKLED,
    SAFETENSORS,
    download_generation,
    find_weights,
    list_weights,
)
from t5tune.models.permission import current
from t5tune.models.pickled_weights import check_permitted, find_converted


@dataclass(frozen=True)
class MissingWeights:
    """Files that training will download.

    Attributes:
        name: Name of the model on the hub.
        files: Their sizes in bytes, None where the hub does not tell; empty where it is not asked.
    """

    name: str
    files: Mapping[str, int | None]


def find_missing_weights(name: str, revision: str | None) -> MissingWeights | None:
    """Return the weights that loading a model would download; None if they are here.

    Raises:
        NotAllowed: They are only in pickles, which the user has not permitted to read.
        T5TuneError: The model has no weights, or cannot be reached.
    """
    if Path(name).is_dir():
        return None
    snapshot = _find_snapshot(name, revision)
    if is_offline() and not {*SAFETENSORS, *PICKLED} & snapshot.files.keys():
        return MissingWeights(name, {})
    first = find_weights(snapshot)
    if first in PICKLED:
        if find_converted(name, snapshot.commit) is not None:
            return None
        check_permitted(name, first)
    files = {path: snapshot.files.get(path) for path in list_weights(snapshot)}
    missing = {path: size for path, size in files.items() if not (snapshot.folder / path).is_file()}
    return MissingWeights(name, missing) if missing else None


def imagine_model(
    name: str, *, revision: str | None = None, config: PreTrainedConfig
) -> PreTrainedModel:
    """Return a model on the hub as loading does, but with random weights.

    Raises:
        T5TuneError: They do not fit into the memory of this machine.
    """
    snapshot = _find_snapshot(name, revision)
    download_generation(snapshot)

    def build() -> PreTrainedModel:
        model: PreTrainedModel = AutoModelForSeq2SeqLM.from_config(
            config, dtype=torch.float32, trust_remote_code=current().code
        )
        return model

    with torch.device("meta"):
        num_bytes = 4 * build().num_parameters()
    if num_bytes > (free := psutil.virtual_memory().available):
        raise T5TuneError(
            f"model.name: the weights of {name} need {num_bytes / 1e9:,.1f} GB of memory in fp32, "
            f"and {free / 1e9:,.1f} GB are free.",
            next_command="the same command on a larger machine, or a smaller model",
        )
    with track("imagining the weights"):
        model = build()
    model.generation_config = load_generation_config(name, revision=snapshot.commit)
    model.generation_config.update(**read_needs(model.generation_config, model.config))
    return model.eval()


def _find_snapshot(name: str, revision: str | None) -> Snapshot:
    return find_snapshot(HubRepository("model", name, revision), "model.name")
