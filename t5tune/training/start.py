"""The start of training, prepared by the main process and broadcast to the others."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from t5tune.data.encoding import EncodedDataset, TokenSequences
from t5tune.data.examples import Examples
from t5tune.decoding.loaded_model import LoadedModel, broadcast_model
from t5tune.distributed.processes import (
    are_several,
    broadcast_result,
    broadcast_tensor,
    gather,
    on_main_process,
)
from t5tune.errors import T5TuneError
from t5tune.recipe.resolve import Choice
from t5tune.recipe.resolved_recipe import FittedRecipe
from t5tune.run.manifest import MANIFEST


@dataclass(frozen=True)
class Start:
    """All that the training loop needs.

    Attributes:
        recipe: Recipe resolved for the model.
        choices: Choices for the model, with their reasons.
        dataset: Encoded training data.
        model: Model to train, with its translator for validation.
        validation: Examples that each validation translates.
        reported: Test set of the report; only the main process has it.
        checkpoint: Checkpoint to resume from.
        facts: Facts in the manifest of every checkpoint, beside the files.
    """

    recipe: FittedRecipe
    choices: Sequence[Choice]
    dataset: EncodedDataset
    model: LoadedModel
    validation: Examples
    reported: Examples | None
    checkpoint: Path | None
    facts: Mapping[str, Any]


def broadcast_start(prepare: Callable[[], Start]) -> Start:
    """Broadcast what the main process prepares, and return it in every process.

    The other processes read neither data nor models, so that machines need not share a disk and
    every process trains on the same data.

    Args:
        prepare: Function that only the main process calls.

    Raises:
        T5TuneError: A machine cannot read the checkpoint to resume from.
    """
    if not are_several():
        return prepare()
    own = on_main_process(prepare)

    def describe() -> tuple[Any, ...]:
        assert own is not None
        sizes = [(len(s.lengths), len(s.ids)) for s in (own.dataset.sources, own.dataset.targets)]
        return (
            own.recipe, own.choices, own.validation, own.checkpoint, own.facts, sizes,
            own.dataset.num_truncated,
        )  # fmt: skip

    recipe, choices, validation, checkpoint, facts, sizes, num_truncated = broadcast_result(
        describe
    )
    sides = (own.dataset.sources, own.dataset.targets) if own is not None else (None, None)
    sources, targets = (
        _broadcast_sequences(side, *size) for side, size in zip(sides, sizes, strict=True)
    )

    def own_model() -> LoadedModel:
        assert own is not None
        return own.model

    model = broadcast_model(own_model)
    if checkpoint is not None:
        _check_visible(checkpoint)
    dataset = EncodedDataset(sources, targets, num_truncated)
    reported = own.reported if own is not None else None
    return Start(recipe, choices, dataset, model, validation, reported, checkpoint, facts)


def _broadcast_sequences(own: TokenSequences | None, num: int, num_tokens: int) -> TokenSequences:
    """Broadcast sequences as arrays: pickling would hold three copies in memory."""
    if own is None:
        lengths, ids = torch.empty(num, dtype=torch.int64), torch.empty(num_tokens).int()
    else:
        lengths, ids = torch.from_numpy(own.lengths), torch.from_numpy(own.ids)
    broadcast_tensor(lengths)
    broadcast_tensor(ids)
    return own or TokenSequences.from_arrays(lengths.numpy(), ids.numpy())


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
