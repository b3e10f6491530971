"""The loss of a batch: the sum of the losses of its target tokens."""

from __future__ import annotations

import functools
from typing import Any

import torch
from transformers import PreTrainedModel

from t5tune.data.batching.steps import Batch
from t5tune.models.decoder_inputs import shift_labels
from t5tune.models.output_layer import has_plain_output_layer, without_output_layer
from t5tune.training.step.loss import find_target_positions
from t5tune.training.step.objective import TARGET_POSITIONS, Objective
from t5tune.training.strategies.strategy import Forward, Strategy


def with_target_positions(batch: Batch) -> Batch:
    """Return a batch with the positions of its targets, found before it is copied to a GPU.

    The loss would have to wait for the GPU to learn how many there are.
    """
    positions = find_target_positions(batch["labels"])
    if batch["labels"].is_pinned():
        positions = positions.pin_memory()
    return {**batch, TARGET_POSITIONS: positions}


class BatchLoss:
    """Sum of the losses of a batch's target tokens.

    Where the family and the strategy allow it, the output layer is part of the loss, and the
    logits of all tokens never exist at once.

    Where processes search for weights without a part in the model's outputs, the output layer must
    have its part there, and not in the loss.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        strategy: Strategy,
        objective: Objective,
        *,
        bf16: bool,
        searches_unused: bool,
    ) -> None:
        self._model = model
        self._strategy = strategy
        self.objective = objective
        self._bf16 = bf16
        self._is_chunked = (
            strategy.has_full_output_layer and has_plain_output_layer(model) and not searches_unused
        )

    def sum(
        self, model: Forward, inputs: Batch, *, with_outputs: bool = False
    ) -> tuple[torch.Tensor, Any]:
        """Return the sum of the losses, and the model's outputs if they are asked for.

        The inputs are tensors of shape (batch_size, length): input_ids, attention_mask and labels,
        or packed rows; and what `with_target_positions` adds.
        """
        if not self._is_chunked or with_outputs:
            inputs = self.objective.prepare(inputs)
            outputs = self._run(model, inputs)
            return self.objective.sum(outputs.logits, inputs), outputs

        compute = functools.partial(self._sum_chunked, inputs=inputs)
        return self._strategy.run_forward(model, compute), None

    def _sum_chunked(self, forward: Forward, inputs: Batch) -> torch.Tensor:
        inputs = self.objective.prepare(inputs)
        with without_output_layer(self._model) as weight:
            hidden_states = self._run(forward, inputs).logits
        if self._bf16:  # Accelerate returns fp32; the layer would have computed in bf16
            hidden_states = hidden_states.bfloat16()
        # In a forward, autocast would round what the loss adds up in fp32.
        with torch.autocast(hidden_states.device.type, enabled=False):
            return self.objective.sum_chunked(hidden_states, weight, inputs)

    def _run(self, forward: Forward, inputs: Batch) -> Any:
        """Return the outputs of the model, which gets no labels: it would compute its own loss."""
        if "source_segments" in inputs:
            names = ("input_ids", "decoder_input_ids", "source_segments", "target_segments")
            return forward(**{name: inputs[name] for name in names})
        return forward(
            input_ids=inputs["input_ids"],
            attention_mask=inputs["attention_mask"],
            decoder_input_ids=shift_labels(self._model, inputs["labels"]),
            use_cache=False,
        )
