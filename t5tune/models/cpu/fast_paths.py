"""The faster ways of training on a CPU, behind one switch."""

from __future__ import annotations

from transformers import PreTrainedModel

from t5tune.models.cpu.dropout import use_byte_dropout
from t5tune.models.cpu.fast_t5 import use_fast_sublayers


def use_fast_paths(model: PreTrainedModel, *, is_sharded: bool) -> list[str]:
    """Make a model train faster on a CPU, and return what is in force, for the log.

    It computes the same up to rounding, and draws other dropout masks.
    """
    use_byte_dropout(model)
    in_force = ["dropout masks of bytes"]
    # Sharded weights come and go with the calls of the library's layers.
    if not is_sharded and use_fast_sublayers(model):
        in_force.append("T5's sublayers with gradients of their own")
    return in_force
