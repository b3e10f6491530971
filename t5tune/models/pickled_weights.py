"""Weights that a model from elsewhere has only in pickles, converted once to safetensors.

A pickle is a program. Loading one with `weights_only` reads tensors and refuses everything else;
t5tune does even that only with permission, and keeps the result, so that no later command reads the
pickle again.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForSeq2SeqLM, PreTrainedConfig

from t5tune.files.cache_directory import CONVERTED, mark_used, name_in_cache, user_cache_directory
from t5tune.files.json_values import as_object, read_object
from t5tune.files.writing import write_directory
from t5tune.models.hub_files import PICKLED, SAFETENSORS
from t5tune.models.permission import current, refuse_pickles

# Transformers would ask the hub whether a model has an adapter beside it, and load that.
WITHOUT_ADAPTER = {"local_files_only": True}
_VERSION = 1  # of the way from pickles to safetensors


def find_pickle(directory: Path) -> str | None:
    """Return the file with the pickled weights of a directory that has no safetensors, if any."""
    if any((directory / name).is_file() for name in SAFETENSORS):
        return None
    return next((name for name in PICKLED if (directory / name).is_file()), None)


def find_converted(name: str, state: str) -> Path | None:
    """Return the directory of a model whose weights were converted; None if they were not.

    Args:
        name: Hub id or directory of the model.
        state: Commit on the hub; of a directory, `describe_state`.
    """
    directory = _directory(name, state)
    if not directory.is_dir():
        return None
    mark_used(directory)
    return directory


def describe_state(directory: Path) -> str:
    """Return what changes when the pickled weights of a directory do."""
    files = sorted(directory.glob("pytorch_model*"))
    states = [(path.name, path.stat()) for path in files]
    return ",".join(f"{name}:{state.st_size}:{state.st_mtime_ns}" for name, state in states)


def check_permitted(name: str, file: str) -> None:
    """Refuse to read pickled weights without permission.

    Raises:
        NotAllowed: There is none.
    """
    if not current().pickles:
        raise refuse_pickles(name, file)


def check_parts(name: str, directory: Path) -> None:
    """Refuse weights whose list of parts names a file that is not one of safetensors.

    Raises:
        NotAllowed: It does, and the user has not permitted to read pickles.
    """
    parts = as_object(read_object(directory / SAFETENSORS[1]).get("weight_map")).values()
    for part in sorted(set(map(str, parts))):
        if not part.endswith(".safetensors"):
            check_permitted(name, part)


def convert(name: str, state: str, config: PreTrainedConfig, place: dict[str, Any]) -> Path:
    """Convert the pickled weights of a model, and return the directory with the safetensors.

    Args:
        name: Hub id or directory of the model.
        state: As in `find_converted`.
        config: The model's own configuration.
        place: How `from_pretrained` finds the files.

    Raises:
        UnpicklingError: The pickle has something other than tensors; nothing of it has run.
    """
    model = AutoModelForSeq2SeqLM.from_pretrained(
        name,
        config=config,
        dtype=torch.float32,
        use_safetensors=False,
        weights_only=True,
        adapter_kwargs=WITHOUT_ADAPTER,
        **place,
    )
    directory = _directory(name, state)
    with write_directory(directory) as temporary:
        model.save_pretrained(temporary)
    return directory


def _directory(name: str, state: str) -> Path:
    if Path(name).is_dir():
        name = str(Path(name).resolve())
    return user_cache_directory() / CONVERTED / name_in_cache([_VERSION, name, state])
