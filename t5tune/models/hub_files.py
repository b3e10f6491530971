"""Chooses the files of a repository that make a model, without weights of other libraries."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import PurePosixPath

from t5tune.hub import Snapshot
from t5tune.hub.explanations import explain_absence, refuse
from t5tune.hub.offline import is_offline
from t5tune.models.directories import ADAPTER_CONFIG

CONFIG = "config.json"
GENERATION = "generation_config.json"

# In the order in which Transformers looks for them; an index names the files of split weights.
SAFETENSORS = ("model.safetensors", "model.safetensors.index.json")
PICKLED = ("pytorch_model.bin", "pytorch_model.bin.index.json")

_VOCABULARIES = {".model", ".spm", ".txt", ".jinja", ".tiktoken"}
_TOKENIZER_WORDS = ("token", "vocab", "merges")


def download_config(snapshot: Snapshot) -> None:
    """Download a model's configuration into the cache."""
    if ADAPTER_CONFIG in snapshot.files:
        repository, next_command = snapshot.repository, "merge it into its model with peft first"
        raise refuse(snapshot.key, (f"{repository} is an adapter, not a model.", next_command))
    _refuse_without(snapshot, CONFIG in snapshot.files, f"no {CONFIG}")
    snapshot.download([CONFIG])


def download_tokenizer(snapshot: Snapshot) -> None:
    """Download all files of a model's tokenizer into the cache."""
    paths = list(_tokenizer_files(snapshot.files))
    _refuse_without(snapshot, bool(paths), "no tokenizer")
    snapshot.download([path for path in (CONFIG, *paths) if path in snapshot.files])


def download_code(snapshot: Snapshot) -> None:
    """Download the Python files of a repository into the cache."""
    snapshot.download([path for path in snapshot.files if path.endswith(".py")])


def find_weights(snapshot: Snapshot) -> str:
    """Return the file with a model's weights, or with the names of their parts.

    Pickled weights are only returned if there are no safetensors.
    """
    found = [path for path in (*SAFETENSORS, *PICKLED) if path in snapshot.files]
    _refuse_without(snapshot, bool(found), "no weights that PyTorch reads")
    return found[0]


def list_weights(snapshot: Snapshot) -> list[str]:
    """Return the files of one set of weights; an index is downloaded to know its parts."""
    first = find_weights(snapshot)
    if not first.endswith(".index.json"):
        return [first]
    (index,) = snapshot.download([first])
    content = json.loads(index.read_text(encoding="utf-8"))
    return sorted(set(content["weight_map"].values()))


def download_weights(snapshot: Snapshot) -> None:
    """Download one set of a model's weights into the cache."""
    paths = list_weights(snapshot)
    download_generation(snapshot)
    snapshot.download(paths)


def download_generation(snapshot: Snapshot) -> None:
    """Download a model's settings for generation into the cache, if it has any."""
    snapshot.download([path for path in (GENERATION,) if path in snapshot.files])


def _tokenizer_files(paths: Iterable[str]) -> Iterable[str]:
    for path in paths:
        name = PurePosixPath(path)
        is_list = name.suffix == ".json" and any(word in name.stem for word in _TOKENIZER_WORDS)
        if "/" not in path and (name.suffix in _VOCABULARIES or is_list):
            yield path


def _refuse_without(snapshot: Snapshot, is_there: bool, what: str) -> None:
    if is_there:
        return
    repository = snapshot.repository
    if is_offline():
        raise refuse(snapshot.key, explain_absence(repository))
    sentence = f"{repository} has {what} at commit {snapshot.commit[:7]}."
    raise refuse(snapshot.key, (sentence, f"see {repository.page}/tree/{snapshot.commit}"))
