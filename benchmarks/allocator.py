"""Time a training step with glibc's usual way of freeing memory and with freed memory kept.

.venv/bin/python benchmarks/allocator.py [--rounds 3]

The setting cannot be undone, so each measurement runs in its own process, in turns.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time

import torch
from transformers import T5Config, T5ForConditionalGeneration

from t5tune.models.cpu.dropout import use_byte_dropout
from t5tune.models.output_layer import without_output_layer
from t5tune.training.step.allocator import keep_freed_memory
from t5tune.training.step.loss import sum_token_losses, sum_token_losses_chunked

# d_model, d_ff, layers per side, heads, vocabulary, examples of 18 + 18 tokens, timed steps
SHAPES = {
    "tiny": (128, 256, 4, 4, 8000, 50, 8),
    "9m": (256, 1024, 4, 4, 8000, 50, 4),
    "t5-small": (512, 2048, 6, 8, 32128, 30, 2),
}
ARMS = ("usual", "kept", "kept+chunks")


def measure(shape: str, arm: str) -> float:
    """Return the seconds of a step, forward and backward."""
    if arm != "usual":
        keep_freed_memory()
    d_model, d_ff, layers, heads, vocabulary, examples, steps = SHAPES[shape]
    torch.manual_seed(0)
    config = T5Config(
        vocab_size=vocabulary, d_model=d_model, d_kv=d_model // heads, d_ff=d_ff,
        num_layers=layers, num_heads=heads, dropout_rate=0.1, decoder_start_token_id=0,
    )  # fmt: skip
    model = T5ForConditionalGeneration(config).train()
    use_byte_dropout(model)
    ids = torch.randint(3, vocabulary, (examples, 18))
    inputs = {
        "input_ids": ids, "attention_mask": torch.ones_like(ids), "decoder_input_ids": ids,
        "use_cache": False,
    }  # fmt: skip

    def step() -> None:
        if arm == "kept+chunks":
            with without_output_layer(model) as weight:
                hidden_states = model(**inputs).logits
            loss = sum_token_losses_chunked(hidden_states, weight, ids, 0.1)
        else:
            loss = sum_token_losses(model(**inputs).logits, ids, 0.1)
        loss.backward()
        model.zero_grad()

    step()
    start = time.perf_counter()
    for _ in range(steps):
        step()
    return (time.perf_counter() - start) / steps


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--one", nargs=2, metavar=("SHAPE", "ARM"))
    options = parser.parse_args()
    if options.one:
        print(measure(*options.one))
        return
    for shape in SHAPES:
        for number in range(1, options.rounds + 1):
            seconds = {}
            for arm in ARMS:
                command = [sys.executable, __file__, "--one", shape, arm]
                done = subprocess.run(command, capture_output=True, text=True, check=True)
                seconds[arm] = float(done.stdout)
            times = "  ".join(f"{arm} {value:.3f} s" for arm, value in seconds.items())
            ratio = seconds["kept"] / seconds["usual"]
            chunks = seconds["kept+chunks"] / seconds["usual"]
            print(f"{shape} round {number}: {times}  ratios {ratio:.2f} {chunks:.2f}", flush=True)


if __name__ == "__main__":
    main()
