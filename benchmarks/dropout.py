"""Time a training step of a small T5 with torch's dropout and with byte masks, in turns.

.venv/bin/python benchmarks/dropout.py [--rounds 5]
"""

from __future__ import annotations

import argparse
import time

import torch
from transformers import T5Config, T5ForConditionalGeneration

from t5tune.models.cpu.dropout import use_byte_dropout
from t5tune.training.step.loss import sum_token_losses

VOCABULARY, BATCH_SIZE, LENGTH, STEPS = 4000, 110, 18, 5


def build_model(dropout_rate: float) -> T5ForConditionalGeneration:
    torch.manual_seed(0)
    config = T5Config(
        vocab_size=VOCABULARY, d_model=128, d_kv=32, d_ff=256, num_layers=4, num_heads=4,
        dropout_rate=dropout_rate, decoder_start_token_id=0,
    )  # fmt: skip
    return T5ForConditionalGeneration(config).train()


def time_steps(model: T5ForConditionalGeneration, ids: torch.Tensor) -> float:
    """Return the mean seconds of a step, forward and backward, over STEPS."""
    start = time.perf_counter()
    for _ in range(STEPS):
        mask = torch.ones_like(ids)
        outputs = model(input_ids=ids, attention_mask=mask, decoder_input_ids=ids, use_cache=False)
        sum_token_losses(outputs.logits, ids, 0.1).backward()
        model.zero_grad()
    return (time.perf_counter() - start) / STEPS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    models = {"none": build_model(0.0), "torch": build_model(0.2), "bytes": build_model(0.2)}
    use_byte_dropout(models["bytes"])
    ids = torch.randint(3, VOCABULARY, (BATCH_SIZE, LENGTH))
    for model in models.values():
        time_steps(model, ids)
    for number in range(1, rounds + 1):
        seconds = {name: time_steps(model, ids) for name, model in models.items()}
        ratio = seconds["bytes"] / seconds["torch"]
        times = "  ".join(f"{name} {value:.3f} s" for name, value in seconds.items())
        print(f"round {number}: {times}  bytes/torch {ratio:.2f}", flush=True)


if __name__ == "__main__":
    main()
