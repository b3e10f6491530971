"""The losses of a run: their mean between two logged lines, over all target tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from accelerate import Accelerator

NATS, TARGET_TOKENS = "nats", "target_tokens"
LOGGED_NATS, LOGGED_TOKENS = "logged_nats", "logged_target_tokens"
NATS_OF = "nats_of_"  # before the name of a term


class LossRecord:
    """Losses of optimizer steps, each weighted by its target tokens.

    Steps have different numbers of tokens, so the mean of their means is not the mean over tokens.
    Losses stay on their device until a line is logged: reading them sooner would wait for a GPU.
    Processes call each method but `add` at the same place; the accelerator takes their means.
    Terms are parts of the loss that are logged by themselves.
    """

    def __init__(self, accelerator: Accelerator, terms: Sequence[str] = ()) -> None:
        self._accelerator = accelerator
        self._terms = terms
        self._losses: list[torch.Tensor] = []
        self._tokens: list[torch.Tensor] = []
        self._before: Mapping[str, float] = {}  # of the steps before a checkpoint amid two lines
        self._logged_nats = 0.0
        self._logged_tokens = 0.0

    def add(self, losses: torch.Tensor, num_tokens: torch.Tensor) -> None:
        """Add an optimizer step: its loss and each term, and its target tokens on all processes.

        The mean of the losses over the processes is the mean over the step's tokens.
        """
        self._losses.append(losses.detach())
        self._tokens.append(num_tokens)

    def put_means(self, logs: dict[str, float], *, is_over: bool) -> dict[str, float] | None:
        """Return what is logged, with means over target tokens for the Trainer's means of steps.

        Return None for a summary before training is over: it continues another time.
        """
        if "loss" in logs:
            return {**logs, **self._close()}
        if "train_loss" not in logs:
            return logs
        mean = self._logged_nats / max(self._logged_tokens, 1.0)
        return {**logs, "train_loss": mean} if is_over else None

    def _close(self) -> dict[str, float]:
        """Return the means since the last logged line, in nats."""
        state = self.pack()
        self._losses, self._tokens, self._before = [], [], {}
        self._logged_nats += state[NATS]
        self._logged_tokens += state[TARGET_TOKENS]
        tokens = state[TARGET_TOKENS]
        means = {name: state[NATS_OF + name] / tokens for name in self._terms}
        return {"loss": state[NATS] / tokens, **means}

    def pack(self) -> dict[str, float]:
        """Return what a checkpoint keeps."""
        keys = [NATS, *(NATS_OF + name for name in self._terms)]
        nats, tokens = [0.0] * len(keys), 0.0
        if self._losses:
            losses = torch.stack(self._losses).cpu().double()  # shape (num_steps, 1 + num_terms)
            counts = torch.stack(self._tokens).cpu().double()
            nats = [float(column @ counts) for column in losses.t().contiguous()]
            tokens = float(counts.sum())
        return {
            **{
                key: self._before.get(key, 0.0) + self._average(number)
                for key, number in zip(keys, nats, strict=True)
            },
            TARGET_TOKENS: self._before.get(TARGET_TOKENS, 0.0) + tokens,
            LOGGED_NATS: self._logged_nats,
            LOGGED_TOKENS: self._logged_tokens,
        }

    def unpack(self, state: Mapping[str, float]) -> None:
        """Continue from a checkpoint's values; those of older versions have none."""
        self._losses, self._tokens, self._before = [], [], state
        self._logged_nats = state.get(LOGGED_NATS, 0.0)
        self._logged_tokens = state.get(LOGGED_TOKENS, 0.0)

    def _average(self, number: float) -> float:
        if self._accelerator.num_processes == 1:
            return number
        tensor = torch.tensor(number, dtype=torch.float64, device=self._accelerator.device)
        return float(self._accelerator.reduce(tensor, "mean"))
