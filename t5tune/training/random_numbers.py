"""The random numbers of a process: dropout draws from them in every step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from transformers import TrainingArguments
from transformers.trainer_pt_utils import safe_globals

from t5tune.console import say

RandomState = tuple[torch.Tensor, torch.Tensor | None]  # of the CPU and of the current GPU


def derive_seed(seed: int, *position: int) -> int:
    """Return the seed of a part of a run, such as a phase; without a position that of the run."""
    if not position:
        return seed
    return int(np.random.SeedSequence([seed, *position]).generate_state(1)[0])


def seed_process(seed: int, rank: int, step: int) -> None:
    """Give each process random numbers of its own, or all would drop out the same."""
    (state,) = np.random.SeedSequence([seed, rank, step]).generate_state(1, np.uint64)
    torch.manual_seed(int(state) >> 1)


def seed_if_saved_elsewhere(checkpoint: Path, args: TrainingArguments, step: int) -> bool:
    """Seed this process if its random numbers are not in a checkpoint, and say why.

    Another number of processes has saved it, or one without a GPU.

    Return whether it has been seeded; if not, the saved random numbers are to be read.
    """
    num_saved = len(list(checkpoint.glob("rng_state*.pth")))
    if num_saved != args.world_size:
        where = f"by {num_saved} processes and continued by {args.world_size}"
    elif torch.cuda.is_available() and not _has_gpu_state(checkpoint, args):
        where = "without a GPU and continued on one"
    else:
        return False
    say(
        f"random numbers: saved {where}: the examples of each step stay the same; dropout draws "
        "different numbers"
    )
    seed_process(args.seed, args.process_index, step)
    return True


def _has_gpu_state(checkpoint: Path, args: TrainingArguments) -> bool:
    """Return whether the Trainer has saved random numbers of a GPU for this process."""
    name = f"rng_state_{args.process_index}.pth" if args.world_size > 1 else "rng_state.pth"
    with safe_globals():
        return "cuda" in torch.load(checkpoint / name, weights_only=True)


def get_random_state() -> RandomState:
    """Return what `set_random_state` needs to draw the same numbers again."""
    gpu = torch.cuda.get_rng_state() if torch.cuda.is_available() else None
    return torch.get_rng_state(), gpu


def set_random_state(state: RandomState) -> None:
    """Restore a state that `get_random_state` returned."""
    torch.set_rng_state(state[0])
    if state[1] is not None:
        torch.cuda.set_rng_state(state[1])


@contextmanager
def keeping_random_state() -> Iterator[None]:
    """Restore the random numbers of the CPU and of the current GPU when the block ends.

    `torch.random.fork_rng` would warn on a machine with several GPUs, of which this process uses
    one.
    """
    state = get_random_state()
    try:
        yield
    finally:
        set_random_state(state)
