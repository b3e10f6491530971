"""The mean loss between two logged lines, over all target tokens of their steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch

NATS, TARGET_TOKENS = "nats", "target_tokens"
LOGGED_NATS, LOGGED_TOKENS = "logged_nats", "logged_target_tokens"


class LossWindow:
    """Losses of optimizer steps, each weighted by its target tokens.

    Steps hold different numbers of tokens, so the mean of their means is not the mean over tokens.
    Losses stay on their device until a line is logged: reading them sooner would wait for a GPU.

    Args:
        average: Function that gives the mean of a number over all processes, which call it at the
            same place.
    """

    def __init__(self, average: Callable[[float], float]) -> None:
        self._average = average
        self._losses: list[torch.Tensor] = []
        self._tokens: list[torch.Tensor | int] = []
        self._before: Mapping[
            str, float
        ] = {}  # from steps before the checkpoint that was saved amid them
        self._logged_nats = 0.0
        self._logged_tokens = 0.0

    def add(self, loss: torch.Tensor, num_tokens: torch.Tensor | int) -> None:
        """Add an optimizer step.

        Args:
            loss: Scalar whose mean over the processes is the mean over the step's tokens.
            num_tokens: Number of target tokens of the step, on all processes.
        """
        self._losses.append(loss.detach())
        self._tokens.append(num_tokens)

    def close(self) -> float:
        """Return the mean since the last call, in nats; every process calls this."""
        state = self.pack()
        self._losses, self._tokens, self._before = [], [], {}
        self._logged_nats += state[NATS]
        self._logged_tokens += state[TARGET_TOKENS]
        return state[NATS] / state[TARGET_TOKENS]

    @property
    def mean_of_all(self) -> float:
        """Mean over all windows that `close` has ended, in nats."""
        return self._logged_nats / max(self._logged_tokens, 1.0)

    def pack(self) -> dict[str, float]:
        """Return what a checkpoint keeps; every process calls this."""
        nats = tokens = 0.0
        if self._losses:
            losses = torch.stack(self._losses).cpu().double()
            counts = torch.stack([torch.as_tensor(num) for num in self._tokens]).cpu().double()
            nats, tokens = float(losses @ counts), float(counts.sum())
        return {
            NATS: self._before.get(NATS, 0.0) + self._average(nats),
            TARGET_TOKENS: self._before.get(TARGET_TOKENS, 0.0) + tokens,
            LOGGED_NATS: self._logged_nats,
            LOGGED_TOKENS: self._logged_tokens,
        }

    def unpack(self, state: Mapping[str, float]) -> None:
        """Continue from what a checkpoint has kept; an older one has kept nothing."""
        self._losses, self._tokens, self._before = [], [], state
        self._logged_nats = state.get(LOGGED_NATS, 0.0)
        self._logged_tokens = state.get(LOGGED_TOKENS, 0.0)
