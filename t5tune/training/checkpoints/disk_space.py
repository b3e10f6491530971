"""Whether the checkpoints of a run fit onto its disk, and how much space is missing."""

from __future__ import annotations

import errno
import os
import shutil
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

import torch

from t5tune.console import format_bytes
from t5tune.distributed.sharded_tensors import num_elements
from t5tune.errors import T5TuneError
from t5tune.files.writing import find_error_number
from t5tune.models.adapters import has_adapter
from t5tune.training.optim.adafactor import Adafactor

FULL = (errno.ENOSPC, errno.EDQUOT)
# In the errors of torch.save when writing fails; they give no reason.
TORCH_WRITER = ("inline_container", "iostream error")

# Configuration, tokenizer, and states of the loop and of the random numbers.
OTHER_FILES = 5_000_000  # bytes; mT5's tokenizer has 16 MB, most have less than 3


def count_checkpoint_bytes(model: torch.nn.Module, optim: str, *, with_average: bool) -> int:
    """Estimate the bytes of a checkpoint: weights, state of the recipe's `optim`, fp32 average."""
    trained = [p for p in model.parameters() if p.requires_grad]
    average = 4 * sum(p.numel() for p in trained) if with_average else 0
    saved = _count_bytes(trained) if has_adapter(model) else count_model_bytes(model)
    return saved + _count_optimizer_bytes(trained, optim) + average + OTHER_FILES


def count_state_bytes(model: torch.nn.Module, optim: str, *, with_average: bool) -> int:
    """Return the bytes in memory of weights, gradients, optimizer's state and average."""
    trained = [p for p in model.parameters() if p.requires_grad]
    num_copies = 2 if with_average else 1  # of what is trained, beside the weights
    optimizer = _count_optimizer_bytes(trained, optim)
    return count_model_bytes(model) + num_copies * _count_bytes(trained) + optimizer


def count_model_bytes(model: torch.nn.Module) -> int:
    """Return the bytes of the weights; tied ones count once."""
    return _count_bytes(model.parameters())


def _count_bytes(parameters: Iterable[torch.nn.Parameter]) -> int:
    return sum(num_elements(p) * p.element_size() for p in parameters)


def _count_optimizer_bytes(parameters: Iterable[torch.nn.Parameter], optim: str) -> int:
    """Return the bytes of the state after a step, which is tried on tensors without content."""
    twins = [
        torch.nn.Parameter(torch.empty(p.shape, dtype=p.dtype, device="meta")) for p in parameters
    ]
    for twin in twins:
        twin.grad = torch.empty_like(twin)
    is_adafactor = optim == "adafactor"
    rehearsal = (
        Adafactor(twins, lr=1.0) if is_adafactor else torch.optim.AdamW(twins, foreach=False)
    )
    rehearsal.step()
    tensors = [value for state in rehearsal.state.values() for value in state.values()]
    return sum(t.nbytes for t in tensors if isinstance(t, torch.Tensor))


def check_disk_space(needs: Mapping[Path, int]) -> None:
    """Refuse to begin a run that needs more bytes in directories, existing or not, than are free.

    Raises:
        T5TuneError: They do not fit.
    """
    volumes: dict[int, list[tuple[Path, int]]] = defaultdict(list)
    for directory, num_bytes in needs.items():
        existing = find_existing(directory)
        volumes[existing.stat().st_dev].append((existing, num_bytes))
    for entries in volumes.values():
        directory, needed = entries[0][0], sum(num_bytes for _, num_bytes in entries)
        free = shutil.disk_usage(directory).free
        if needed > free:
            raise T5TuneError(
                f"{directory}: the checkpoints and the model of this run need "
                f"{format_bytes(needed)} and {format_bytes(free)} are free: "
                f"{format_bytes(needed - free)} are missing.",
                next_command=f"df -h {directory}   # then free the space, choose another "
                "--output-dir, or keep fewer checkpoints with training.save_total_limit=1",
            )


def find_existing(directory: Path) -> Path:
    """Return a directory, or the nearest one above it that exists."""
    return next(path for path in (directory, *directory.resolve().parents) if path.exists())


def refuse_full_disk(
    error: Exception, directory: Path, needed: int, *, what: str, kept: str
) -> None:
    """Raise one sentence in place of an error that a full disk or quota caused.

    The operating system, torch and safetensors have words of their own for it. What was written
    into the directory is deleted already; `kept` is half a sentence about what is safe.

    Raises:
        T5TuneError: The disk is full; any other error is left to the caller.
    """
    number = find_error_number(error)
    free = shutil.disk_usage(directory).free
    if number not in FULL and not any(text in str(error) for text in TORCH_WRITER):
        return
    if free >= needed:
        reason = f"{os.strerror(number or errno.ENOSPC)}; {what} needs {format_bytes(needed)}"
    else:
        reason = (
            f"the disk is full: {what} needs {format_bytes(needed)} and {format_bytes(free)} are "
            f"free, {format_bytes(needed - free)} are missing"
        )
    raise T5TuneError(
        f"{directory}: {reason}; {kept}.",
        next_command="free the space; the same command without --restart continues",
    ) from error
