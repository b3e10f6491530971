"""Compare t5tune with the stock Seq2SeqTrainer: tokens per second, memory, time to a BLEU.

.venv/bin/python benchmarks/training.py [--data DIR] [--shape tiny --shape 9m …] [--rounds 3]
    [--target-bleu 20 --seconds 600]

DIR holds train.en, train.de, val.en and val.de; left out, the phrasebook is used. The sides
take turns in separate processes, with the same model, seed, data and mean number of
examples in an optimizer step:

    stock       random batches of a fixed number of examples, fp32, AdamW, as in the library's
                run_translation.py
    stock-best  the same with train_sampling_strategy=group_by_length, fused AdamW, and bf16 where
                the hardware gains by it
    t5tune      what `t5tune train` does for a model from scratch
    t5tune-packed  the same with training.packing
    stock-best-compiled, t5tune-compiled  also with torch.compile; only if asked for
    t5tune-blocks  packed, with training.torch_compile=blocks; only if asked for

MFU is the share of the measured rate of matrix products (8192 x 8192 on a GPU) that the model's own
arithmetic on real tokens takes. Needs torch, transformers, accelerate, sentencepiece, numpy, psutil
and rich; a GPU machine without t5tune's other requirements is sufficient:

PYTHONPATH=. python3 benchmarks/training.py --shape t5-base --shape t5-large --examples 512
    --arm stock --arm stock-best --arm t5tune --arm t5tune-packed --arm t5tune-compiled
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from training_arms import ARMS, ONLY_IF_ASKED, SHAPES, encode_pairs, save_pairs

from t5tune.files.text_files import read_lines
from t5tune.models.new_tokenizers import build_tokenizer

PHRASEBOOK = Path(__file__).resolve().parents[1] / "recipes" / "phrasebook"
VALIDATION_EXAMPLES = 200


def read_texts(directory: Path | None) -> dict[str, tuple[list[str], list[str]]]:
    """Return sources and targets of the training and validation data."""
    if directory is not None:
        return {
            split: (read_lines(directory / f"{stem}.en"), read_lines(directory / f"{stem}.de"))
            for split, stem in (("train", "train"), ("validation", "val"))
        }
    texts = {}
    for split in ("train", "validation"):
        rows = [line.split("\t") for line in read_lines(PHRASEBOOK / f"{split}.tsv")[1:]]
        texts[split] = ([row[0] for row in rows], [row[1] for row in rows])
    return texts


def prepare(directory: Path, texts: dict[str, tuple[list[str], list[str]]]) -> None:
    """Write what every side reads: token ids, the tokenizer, and the validation texts."""
    sources, targets = texts["train"]
    vocab_size = 8000 if len(sources) > 20_000 else 2500
    # Mirrors the recipe's section, because pydantic is not on every machine with a GPU.
    section: Any = SimpleNamespace(
        type="unigram", name=None, vocab_size=vocab_size, separate_vocabs=False
    )
    tokenizer = build_tokenizer(section, sources, targets)
    tokenizer.save_pretrained(directory / "tokenizer")
    save_pairs(directory, encode_pairs(sources, targets, tokenizer))
    for side, lines in zip(("source", "target"), texts["validation"], strict=True):
        text = "\n".join(lines[:VALIDATION_EXAMPLES])
        (directory / f"validation.{side}").write_text(text, encoding="utf-8")


def measure_matmul(dtype: torch.dtype, seconds: float = 1.0) -> float:
    """Return the floating-point operations per second of square matrix products."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    size = 8192 if device == "cuda" else 2048
    a = torch.randn(size, size, device=device).to(dtype)
    (a @ a).sum().item()  # the first product also loads its library
    count, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        a @ a
        count += 1
        if device == "cuda" and count % 8 == 0:
            torch.cuda.synchronize()
    if device == "cuda":
        torch.cuda.synchronize()
    return float(2 * size**3 * count / (time.perf_counter() - start))


def run_arm(arm: str, shape: str, data: Path, options: argparse.Namespace) -> dict[str, Any]:
    command = [
        sys.executable, str(Path(__file__).with_name("training_arms.py")), "--arm", arm,
        "--shape", shape, "--data", str(data), "--seconds", str(options.seconds),
        "--examples", str(options.examples), "--target-bleu", str(options.target_bleu),
        "--validate-every", str(options.validate_every), *["--profile"] * options.profile,
    ]  # fmt: skip
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    result: dict[str, Any] = json.loads(done.stdout.strip().split("\n")[-1])
    return result


def describe(result: dict[str, Any], peaks: dict[str, float]) -> str:
    precision = "bf16" if result["bf16"] else "fp32"
    line = (
        f"{result['arm']:<11} {precision}  {result['real_tokens_per_second']:>9,.0f} tokens/s  "
        f"real {100 * result['real_token_share']:.0f} %  "
        f"{result['real_tokens_per_step']:,.0f} a step  "
        f"peak {result['peak_bytes'] / 2**30:.2f} GiB  "
        f"MFU {100 * result['model_flops_per_second'] / peaks[precision]:.0f} %"
    )
    if result["curve"]:
        seconds, bleu = result["curve"][-1]
        line += f"  BLEU {bleu} after {seconds:.0f} s"
    return line


def compare(shape: str, data: Path, options: argparse.Namespace, peaks: dict[str, float]) -> None:
    """Print every measurement, then the ratios of each round."""
    ratios: dict[str, list[float]] = {arm: [] for arm in options.arm if arm != "t5tune"}
    for number in range(1, options.rounds + 1):
        results = {}
        for arm in options.arm:
            results[arm] = run_arm(arm, shape, data, options)
            print(f"{shape} round {number}: {describe(results[arm], peaks)}", flush=True)
        if "t5tune" in results:
            own = results["t5tune"]["real_tokens_per_second"]
            for arm in ratios:
                ratios[arm].append(own / results[arm]["real_tokens_per_second"])
    for arm, values in ratios.items():
        if values:
            print(
                f"{shape}: t5tune / {arm} = {statistics.median(values):.2f} "
                f"(median of {len(values)}; {min(values):.2f} to {max(values):.2f})",
                flush=True,
            )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path)
    parser.add_argument("--shape", action="append", choices=list(SHAPES))
    parser.add_argument("--arm", action="append", choices=ARMS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--seconds", type=float, default=30.0, help="seconds of training, each time"
    )
    parser.add_argument(
        "--examples", type=int, default=32, help="mean examples of an optimizer step"
    )
    parser.add_argument("--target-bleu", type=float, default=0.0, help="stop at this BLEU")
    parser.add_argument("--validate-every", type=float, default=30.0, help="seconds of training")
    parser.add_argument(
        "--profile", action="store_true", help="print where the time goes, on stderr"
    )
    options = parser.parse_args()
    options.arm = options.arm or [arm for arm in ARMS if arm not in ONLY_IF_ASKED]
    threads = torch.get_num_threads()
    print(f"torch {torch.__version__}, {platform.machine()}, {threads} threads", flush=True)
    peaks = {}
    for name, dtype in (("fp32", torch.float32), ("bf16", torch.bfloat16)):
        peaks[name] = measure_matmul(dtype)
        print(f"matrix products: {peaks[name] / 1e9:,.1f} GFLOP/s {name}", flush=True)
    with tempfile.TemporaryDirectory() as directory:
        prepare(Path(directory), read_texts(options.data))
        for shape in options.shape or ["tiny", "9m", "t5-small"]:
            compare(shape, Path(directory), options, peaks)


if __name__ == "__main__":
    main()
