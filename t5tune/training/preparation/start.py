"""The start of training, prepared by the main process and broadcast to the others."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from t5tune.data.encoding import EncodedDataset, TokenSequences
from t5tune.data.examples import Examples
from t5tune.data.store.training_stores import TrainingStores
from t5tune.decoding.loaded_model import LoadedModel, broadcast_model
from t5tune.distributed.processes import (
    OfMainProcess,
    are_several,
    broadcast_result,
    broadcast_tensor,
    gather,
    is_main_process,
    on_main_process,
)
from t5tune.errors import T5TuneError
from t5tune.recipe.choices import Choice
from t5tune.recipe.resolved_recipe import FittedRecipe
from t5tune.run.manifest import MANIFEST
from t5tune.training.preparation.streamed_tokens import StreamedTokens, imagine_longest


@dataclass(frozen=True)
class Start:
    """All that the training loop needs."""

    recipe: FittedRecipe  # resolved for the model
    choices: Sequence[Choice]  # those for the model, with their reasons
    # Of the training data, in the cache of the main process's machine; None if it is streamed.
    store: TrainingStores | None
    dataset: EncodedDataset  # training data; of a stream, one example as long as any of it
    model: LoadedModel  # what is trained, with its translator for validation
    validation: Examples  # examples that each validation translates
    reported: OfMainProcess[Examples]  # test set of the report
    checkpoint: Path | None  # what training resumes from
    facts: Mapping[str, Any]  # in the manifest of every checkpoint, beside the files
    streamed: OfMainProcess[StreamedTokens | None] = field(  # None if the data is stored
        default_factory=lambda: OfMainProcess[StreamedTokens | None](None)
    )


def broadcast_start(prepare: Callable[[], Start]) -> Start:
    """Broadcast what the main process prepares, and return it in every process.

    The other processes read neither data nor models, so that machines need not share a disk and
    every process trains on the same data. If all of them see the store of the tokens, they map its
    files; else they receive the tokens.

    Raises:
        T5TuneError: A machine cannot read the checkpoint to resume from.
    """
    if not are_several():
        return prepare()
    own = on_main_process(prepare)
    keys = ("recipe", "choices", "store", "validation", "checkpoint", "facts")
    small = broadcast_result(lambda: {key: getattr(own.get(), key) for key in keys})
    if small["store"] is None:
        dataset = imagine_longest(small["recipe"].data)
    else:
        dataset = _share_dataset(small["store"], lambda: own.get().dataset)
    model = broadcast_model(lambda: own.get().model)
    if small["checkpoint"] is not None:
        _check_visible(small["checkpoint"])
    if is_main_process():
        return own.get()
    return Start(
        **small, dataset=dataset, model=model, reported=OfMainProcess(), streamed=OfMainProcess()
    )


def _share_dataset(store: TrainingStores, find: Callable[[], EncodedDataset]) -> EncodedDataset:
    """Return the data set of the main process in every process."""
    if all(gather(store.is_here())):
        return find() if is_main_process() else store.open()
    sources = _broadcast_sequences(lambda: find().sources)
    targets = _broadcast_sequences(lambda: find().targets)
    names = "num_truncated", "largest_id", "num_rounds", "part_sizes"
    return EncodedDataset(
        sources, targets, *broadcast_result(lambda: [getattr(find(), name) for name in names])
    )


def _broadcast_sequences(find: Callable[[], TokenSequences]) -> TokenSequences:
    """Broadcast sequences as arrays: pickling would hold three copies in memory."""
    num, num_tokens = broadcast_result(lambda: (len(find().lengths), len(find().ids)))
    if is_main_process():
        lengths = torch.from_numpy(find().lengths)
        ids = torch.from_numpy(find().ids.astype(np.int32))
    else:
        lengths, ids = torch.empty(num, dtype=torch.int64), torch.empty(num_tokens).int()
    broadcast_tensor(lengths)
    broadcast_tensor(ids)
    return TokenSequences.from_arrays(lengths.numpy(), ids.numpy())


def _check_visible(checkpoint: Path) -> None:
    """Check that every machine can read the checkpoint that the main process has found."""
    try:
        manifest = (checkpoint / MANIFEST).read_bytes()
    except OSError:
        manifest = b""
    expected = broadcast_result(lambda: manifest)
    views = gather((socket.gethostname(), manifest == expected))
    blind = sorted({host for host, sees in views if not sees})
    if blind:
        raise T5TuneError(
            f"{checkpoint} cannot be read on {', '.join(blind)}: a run resumes on several machines "
            "only if all of them can read its directory.",
            next_command="the same command with --output-dir on a disk that the machines share",
        )
