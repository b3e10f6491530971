"""Real tokens per second in training."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import torch
from transformers import TrainerCallback, TrainerControl, TrainerState

from t5tune.data.batching.steps import count_padded_tokens
from t5tune.data.encoding import IGNORED
from t5tune.distributed.processes import is_main_process, total


class Throughput(TrainerCallback):
    """Counter of tokens that are not padding, and of the time of their steps.

    Each process counts its own tokens; the sums are added up where they are logged. Validation and
    saving lie between steps and are not counted.
    """

    def __init__(self) -> None:
        self.start_window()
        self._last: float | None = None

    def start_window(self) -> None:
        self.real_tokens = 0
        self.padded_tokens = 0
        self.seconds = 0.0

    def count(self, batch: dict[str, torch.Tensor]) -> None:
        """Add a batch: input_ids, attention_mask and labels of shape (batch_size, length)."""
        self.real_tokens += int(batch["attention_mask"].sum())
        self.real_tokens += int(batch["labels"].ne(IGNORED).sum())
        self.padded_tokens += count_padded_tokens(batch)

    def pack(self) -> dict[str, float]:
        """Return what a checkpoint keeps of the window; every process calls this."""
        return {
            "real_tokens": int(total(self.real_tokens)),
            "padded_tokens": int(total(self.padded_tokens)),
            "seconds": self.seconds,
        }

    def unpack(self, state: Mapping[str, float]) -> None:
        """Continue from a checkpoint's counts; only the main process adds them."""
        self.start_window()
        self.seconds = float(state.get("seconds", 0.0))
        if is_main_process():
            self.real_tokens = int(state.get("real_tokens", 0))
            self.padded_tokens = int(state.get("padded_tokens", 0))

    @property
    def tokens_per_second(self) -> float:
        return self.real_tokens / self.seconds if self.seconds else 0.0

    @property
    def real_token_share(self) -> float:
        """Share of the tokens that are not padding, from 0 to 1."""
        return self.real_tokens / self.padded_tokens if self.padded_tokens else 0.0

    def on_log(self, *_: Any, logs: dict[str, float], **__: Any) -> None:
        if "loss" in logs:
            self.real_tokens = int(total(self.real_tokens))
            self.padded_tokens = int(total(self.padded_tokens))

    def on_step_begin(self, *_: Any, **__: Any) -> None:
        self._last = time.perf_counter()

    def on_step_end(
        self, args: Any, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        if self._last is not None:
            if torch.cuda.is_available() and _ends_a_window(control):
                torch.cuda.synchronize()  # what it still computes belongs to these steps
            self.seconds += time.perf_counter() - self._last


def _ends_a_window(control: TrainerControl) -> bool:
    """Return whether something follows this step that waits for the GPU anyway."""
    return bool(control.should_log or control.should_evaluate or control.should_save)
