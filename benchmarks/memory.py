"""Measure the memory of training, for each parameter and token, beside the stock Trainer's.

.venv/bin/python benchmarks/memory.py DIRECTORY [--shape t5-small …] [--rows 8 32] [--arm …]

DIRECTORY keeps what is built: a tokenizer, models with random weights, and pairs of 64 + 64 tokens
each, so that a batch of R rows has 128 R tokens and no padding. Every arm runs in a process of its
own up to the end of its third step, with each number of rows:

    stock               Seq2SeqTrainer as in the library's run_translation.py, fp32, AdamW
    stock-bf16          the same with bf16
    adamw, adafactor    `t5tune train` with training.optim=adamw_torch and adafactor
    checkpointing       adafactor with training.gradient_checkpointing=true
    lora                adamw with model.adapter={type: lora, r: 16}

Printed are the greatest resident memory (VmHWM in /proc, so Linux only) and, from the two
numbers of rows, the bytes for each further token, and the bytes for each parameter: what is left
at no token, less what importing the libraries takes.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from corpus import train_tokenizer
from training_arms import SHAPES

LENGTH = 64  # tokens of a side
STEPS = 3  # the first one allocates gradients and the optimizer's state
NUM_PAIRS = 400
OWN_ARMS = {
    "adamw": ("training.optim=adamw_torch",),
    "adafactor": ("training.optim=adafactor",),
    "checkpointing": ("training.optim=adafactor", "training.gradient_checkpointing=true"),
    "lora": ("training.optim=adamw_torch", "model.adapter={type: lora, r: 16}"),
}
ARMS = ("stock", "stock-bf16", *OWN_ARMS)
RECIPE = """
name: memory
task: text2text
model: {{name: {model}}}
data:
  train: {{file: {pairs}}}
  validation: {{file: {few}}}
  prefix: ""
training: {{max_steps: 100, eval_steps: 100, logging_steps: 1, max_grad_norm: 1.0}}
"""
IMPORTS = "import accelerate, datasets, t5tune.training.trainer_building, t5tune.training.loop"


def build(directory: Path, shape: str) -> tuple[Path, int]:
    """Return a model of a shape, built if it is not there, and the number of its parameters."""
    import torch
    from transformers import AutoTokenizer, T5Config, T5ForConditionalGeneration

    tokenizer, model = directory / "tokenizer", directory / shape
    if not tokenizer.exists():
        train_tokenizer(tokenizer)
    d_model, d_ff, layers, heads, vocab_size = SHAPES[shape]
    config = T5Config(
        vocab_size=vocab_size or 32128, d_model=d_model, d_kv=d_model // heads, d_ff=d_ff,
        num_layers=layers, num_heads=heads, decoder_start_token_id=0,
    )  # fmt: skip
    if not (model / "config.json").exists():
        torch.manual_seed(0)
        T5ForConditionalGeneration(config).save_pretrained(model)
        AutoTokenizer.from_pretrained(tokenizer).save_pretrained(model)
    with torch.device("meta"):
        return model, T5ForConditionalGeneration(config).num_parameters()


def write_pairs(directory: Path) -> None:
    """Write pairs whose sides have LENGTH tokens each, with the end of the sequence."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(directory / "tokenizer")
    pieces = (piece for piece in tokenizer.get_vocab() if piece[0] == "▁" and piece[1:].isalpha())
    words = [p[1:] for p in pieces if len(tokenizer(f"{p[1:]} {p[1:]}").input_ids) == 3]
    lines = [
        "\t".join(" ".join([words[2 * i + side]] * (LENGTH - 1)) for side in (0, 1))
        for i in range(NUM_PAIRS)
    ]
    for name, some in (("pairs", lines), ("few", lines[:2])):
        text = "\n".join(["source\ttarget", *some])
        (directory / f"{name}.tsv").write_text(f"{text}\n", encoding="utf-8")


def run_stock(model: str, rows: int, *, bf16: bool, directory: Path) -> None:
    """Train with the library's own Trainer; the parent reads this process's memory."""
    from transformers import (
        AutoModelForSeq2SeqLM,
        AutoTokenizer,
        DataCollatorForSeq2Seq,
        Seq2SeqTrainer,
        Seq2SeqTrainingArguments,
    )

    tokenizer = AutoTokenizer.from_pretrained(model)
    lines = (directory / "pairs.tsv").read_text(encoding="utf-8").splitlines()[1:]
    sides = [line.split("\t") for line in lines]
    data = [dict(tokenizer(one, text_target=other)) for one, other in sides]
    with tempfile.TemporaryDirectory() as output:
        arguments = Seq2SeqTrainingArguments(
            output_dir=output, max_steps=STEPS, per_device_train_batch_size=rows, bf16=bf16,
            use_cpu=True, save_strategy="no", report_to="none", disable_tqdm=True,
        )  # fmt: skip
        seq2seq = AutoModelForSeq2SeqLM.from_pretrained(model)
        Seq2SeqTrainer(
            model=seq2seq, args=arguments, train_dataset=data,
            data_collator=DataCollatorForSeq2Seq(tokenizer, model=seq2seq),
        ).train()  # fmt: skip
        print(f"peak {read_peak(os.getpid())}")


def read_peak(pid: int) -> int:
    """Return the greatest resident memory of a process so far, in bytes."""
    return parse_peak(Path(f"/proc/{pid}/status").read_text(encoding="ascii"))


def parse_peak(status: str) -> int:
    """Return the bytes that a process's status in /proc has as its VmHWM."""
    (kibibytes,) = [line.split()[1] for line in status.splitlines() if "VmHWM" in line]
    return 1024 * int(kibibytes)


def measure_stock(arm: str, model: Path, rows: int, directory: Path) -> int:
    command = [sys.executable, __file__, str(directory), "--stock", arm, "--model", str(model)]
    done = subprocess.run(
        [*command, "--rows", str(rows)], check=True, stdout=subprocess.PIPE, text=True
    )
    return int(done.stdout.split()[-1])


def measure_own(arm: str, model: Path, rows: int, directory: Path) -> int:
    """Run `t5tune train` to the end of its third step, and stop it there."""
    recipe = directory / "memory.yaml"
    text = RECIPE.format(model=model, pairs=directory / "pairs.tsv", few=directory / "few.tsv")
    recipe.write_text(text, encoding="utf-8")
    with tempfile.TemporaryDirectory(dir=directory) as run:
        process = subprocess.Popen(
            [
                sys.executable, "-m", "t5tune", "train", str(recipe), "--output-dir", f"{run}/run",
                f"training.tokens_per_batch={2 * LENGTH * rows}", *OWN_ARMS[arm],
            ],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "T5TUNE_CACHE": f"{run}/cache"},
        )  # fmt: skip
        assert process.stderr is not None
        lines = []
        for line in process.stderr:
            lines.append(line)
            if line.startswith(f"step {STEPS}/") and "loss" in line:
                peak = read_peak(process.pid)
                process.kill()
                process.communicate()
                return peak
    sys.exit("".join(lines))


def measure_imports() -> int:
    """Return the memory that the libraries take without a model."""
    code = f"{IMPORTS}\nprint(open('/proc/self/status').read())"
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, stdout=subprocess.PIPE, text=True
    )
    return parse_peak(done.stdout)


def main() -> None:
    """Measure every shape and arm, and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("directory", type=Path)
    parser.add_argument("--shape", action="append", choices=list(SHAPES))
    parser.add_argument("--arm", action="append", choices=ARMS)
    parser.add_argument("--rows", type=int, nargs="+", default=[8, 32])
    parser.add_argument("--stock", help=argparse.SUPPRESS)
    parser.add_argument("--model", help=argparse.SUPPRESS)
    options = parser.parse_args()
    directory = options.directory.resolve()
    if options.stock:
        bf16 = options.stock == "stock-bf16"
        run_stock(options.model, options.rows[0], bf16=bf16, directory=directory)
        return
    directory.mkdir(parents=True, exist_ok=True)
    imports = measure_imports()
    print(f"importing the libraries: {imports / 2**20:,.0f} MiB", flush=True)
    for shape in options.shape or ["9m", "t5-small"]:
        model, num_parameters = build(directory, shape)
        write_pairs(directory)
        for arm in options.arm or ARMS:
            measure = measure_stock if arm.startswith("stock") else measure_own
            start = time.monotonic()
            peaks = [measure(arm, model, rows, directory) for rows in options.rows]
            tokens = [2 * LENGTH * rows for rows in options.rows]
            sizes = ", ".join(
                f"{peak / 2**30:.2f} GiB with {n:,} tokens"
                for peak, n in zip(peaks, tokens, strict=True)
            )
            line = f"{shape} ({num_parameters:,} parameters) {arm}: {sizes}"
            if len(peaks) > 1:
                per_token = (peaks[-1] - peaks[0]) / (tokens[-1] - tokens[0])
                rest = peaks[0] - tokens[0] * per_token - imports
                line += f"; {per_token / 1024:,.0f} KiB a token"
                line += f", {rest / num_parameters:.1f} bytes a parameter"
            print(f"{line} ({time.monotonic() - start:.0f} s)", flush=True)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
