"""The largest batch that fits into memory, as found in a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from transformers import TrainerState


class BatchLimit:
    """Limit on the tokens that are computed at a time; larger batches are split.

    Args:
        on_change: Function that is called with every new limit and the state of training.
        noted: Limits of an earlier part of the run, by the step after which each came into force.
            Those after `step`, which training resumes from, apply again when training gets there.
    """

    def __init__(
        self,
        on_change: Callable[[TrainerState, int], None] = lambda *_: None,
        noted: Mapping[int, int] | None = None,
        step: int = 0,
    ) -> None:
        noted = noted or {}
        before = [tokens for noted_at, tokens in noted.items() if noted_at <= step]
        # Padding counted; None until memory has been too small once.
        self.tokens: int | None = before[-1] if before else None
        self._to_come = {key: tokens for key, tokens in noted.items() if key > step}
        self._on_change = on_change

    def change(self, state: TrainerState, tokens: int) -> None:
        """Put a limit into force."""
        self.tokens = tokens
        self._on_change(state, tokens)

    def replay(self, state: TrainerState) -> None:
        """Put the limit into force that the next step had when it was trained before."""
        tokens = self._to_come.pop(state.global_step, None)
        if tokens is not None:
            self.change(state, tokens)
