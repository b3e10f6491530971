"""Compare t5tune with the stock set-up on a GPU within minutes, and add a section to a report.

.venv/bin/python benchmarks/gpu.py [--report gpu-report.md] [--minutes 8]
.venv/bin/python benchmarks/gpu.py --device cpu --shape tiny --seconds 2 --minutes 5 \
    --translation-shape tiny

The first command is what `make gpu` runs after its tests; the second tests the benchmark itself on
a CPU. Training at the shapes t5-large, t5-base and t5-small, with the same number of real tokens in
a step on all sides (--tokens, or as many as the best stock set-up has memory for):

    stock           Seq2SeqTrainer as run_translation.py sets it up: fp32, random batches, which it
                    accumulates where a step does not fit into memory
    stock-best      the same with group_by_length, bf16, fused AdamW, a loader of its own, and
                    padding to multiples of eight
    stock-best-compiled  also with the Trainer's torch_compile
    t5tune          what `t5tune train` does by default: batches of a token budget, bf16, Adafactor
    t5tune-packed   the same with training.packing
    t5tune-compiled also with training.torch_compile; t5tune-blocks with its value `blocks`

Then translation with random weights by `generate`, t5tune's torch engine and CTranslate2. Arms and
sides that fail, or do not fit into the time, are named in the report and end nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from gpu_peaks import find_published_rate
from gpu_report import append_section, explain_missing_gpu
from gpu_schedule import (
    ALWAYS,
    IMPORTANCE,
    VOCABULARY,
    choose_step,
    divide_time,
    guess_overhead,
    reserve_time,
    share_of_shape,
)
from gpu_text import write_section
from planning import draw_lengths
from training import measure_matmul
from training_arms import ARMS, SHAPES, save_pairs
from translation import (
    Sides,
    build_made_up_tokenizer,
    measure_rounds,
    prepare_shape,
    share_of_same_texts,
)

from t5tune.data.encoding import EncodedDataset, TokenSequences
from t5tune.decoding.translator import DecodingOptions

FIRST_ID = 3  # after padding, the end of a sequence and the unknown token
MARGIN = 10.0  # seconds for the end of the benchmark
TRANSLATION_SECONDS = 100.0
TRANSLATION_TOKENS = 16_384  # source tokens times beams in a batch, on a GPU
CPU_SIDES = ("generate", "torch", "ctranslate2-float32", "ctranslate2-int8", "ctranslate2-float16")
GPU_SIDES = (
    "generate", "torch", "torch-bf16", "ctranslate2-float16", "ctranslate2-int8_float16"
)  # fmt: skip


class ArmProcesses:
    """Runs arms in processes of their own; the next one already starts while one measures."""

    def __init__(self) -> None:
        self._next = self._start()

    def _start(self) -> subprocess.Popen[str]:
        command = [sys.executable, str(Path(__file__).with_name("training_arms.py")), "--wait"]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)

    def run(self, arguments: Sequence[str], limit: float) -> dict[str, Any]:
        """Return an arm's measurements, or an `error`; the process ends after `limit` seconds."""
        process, self._next = self._next, self._start()
        try:
            output, errors = process.communicate(json.dumps(list(arguments)) + "\n", limit)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return {"error": f"did not end within {limit:.0f} s"}
        if process.returncode != 0:
            return {"error": find_reason(errors, process.returncode)}
        result: dict[str, Any] = json.loads(output.strip().split("\n")[-1])
        return result

    def close(self) -> None:
        self._next.kill()
        self._next.communicate()


def find_reason(errors: str, code: int) -> str:
    """Return why a process failed, from what it wrote on stderr, without paths."""
    if re.search(r"OutOfMemory|out of memory", errors):
        return "out of memory"
    lines = [line for line in errors.splitlines() if re.match(r"[\w.]*(Error|Exception)\b", line)]
    reason = lines[-1] if lines else f"exit code {code}"
    return re.sub(r"/\S*/", "", reason)[:300]


def write_data(directory: Path, num_pairs: int, vocabulary: int) -> float:
    """Write what the arms read: token ids, lengths like those of WMT14, and a tokenizer.

    Return the mean number of tokens of a pair, both sides together.
    """
    tokenizer, _ = build_made_up_tokenizer(vocabulary, random.Random(1))
    tokenizer.save_pretrained(directory / "tokenizer")
    generator = np.random.default_rng(1)
    sides = []
    for lengths in draw_lengths(num_pairs):
        ids = generator.integers(FIRST_ID, len(tokenizer), int(lengths.sum())).astype(np.int32)
        sides.append(TokenSequences.from_arrays(lengths, ids))
    save_pairs(directory, EncodedDataset(*sides))
    for side in ("source", "target"):
        (directory / f"validation.{side}").write_text("", encoding="utf-8")
    return float(sum(side.lengths.mean() for side in sides))


def measure_training(
    data: Path, options: argparse.Namespace, until: float, say: Callable[[str], None]
) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the runs of all shapes, and what was left out; `until` is in monotonic seconds."""
    runs: list[dict[str, Any]] = []
    left_out: list[str] = []
    overheads: dict[tuple[str, str], float] = {}
    processes = ArmProcesses()
    try:
        for number, shape in enumerate(options.shape):
            share = share_of_shape(shape, tuple(options.shape[number:]))
            end = time.monotonic() + share * (until - time.monotonic())
            found, missing = _measure_shape(
                processes, shape, data, options, (end, until), overheads, say
            )
            runs += found
            left_out += missing
    finally:
        processes.close()
    return runs, left_out


def _measure_shape(
    processes: ArmProcesses,
    shape: str,
    data: Path,
    options: argparse.Namespace,
    ends: tuple[float, float],
    overheads: dict[tuple[str, str], float],
    say: Callable[[str], None],
) -> tuple[list[dict[str, Any]], list[str]]:
    """Run the arms of a shape in turns, until the end of its time and in no case beyond the second.

    `overheads` gets what each run takes beside its measurement, by shape and arm.
    """
    runs: list[dict[str, Any]] = []
    left_out: list[str] = []
    step = choose_step(shape, options.memory_bytes, options.tokens)
    to_come = dict.fromkeys(options.arm, options.rounds)
    for round_number in range(1, options.rounds + 1):
        for arm in [arm for arm in options.arm if to_come[arm]]:
            now = time.monotonic()
            guesses = {name: guess_overhead(name, shape, overheads) for name in to_come}
            plan = divide_time(to_come, guesses, ends[0] - now, options.seconds)
            limit = min(ends[1] - now, 3 * guesses[arm] + plan.seconds + 30)
            if arm not in ALWAYS:
                in_time = ends[0] - now - reserve_time(to_come, guesses)
                limit = min(limit, max(in_time, 1.5 * guesses[arm] + plan.seconds))
            if arm not in plan.arms or limit < plan.seconds:
                left_out.append(f"{shape}, {arm}, from round {round_number} on")
                to_come[arm] = 0
                continue
            arguments = {
                "arm": arm, "shape": shape, "data": data, "seconds": round(plan.seconds, 2),
                "examples": max(1, round(step.tokens / options.tokens_of_pair)),
                "accumulate": step.stock_batches if arm == "stock" else 1,
            }  # fmt: skip
            words = [word for key, value in arguments.items() for word in (f"--{key}", str(value))]
            result = processes.run(words, limit)
            taken = time.monotonic() - now
            runs.append({"shape": shape, "arm": arm, "round": round_number, **result})
            runs[-1]["seconds_of_process"] = round(taken, 2)
            if "error" in result:
                to_come[arm] = 0
            else:
                to_come[arm] -= 1
                overheads[shape, arm] = taken - result["seconds"]
            say(f"{shape} round {round_number} {arm}: {_describe(result)} ({taken:.0f} s)")
    return runs, left_out


def _describe(result: dict[str, Any]) -> str:
    if "error" in result:
        return str(result["error"])
    return f"{result['real_tokens_per_second']:,.0f} real tokens/s"


def measure_translation(options: argparse.Namespace, until: float) -> dict[str, Any]:
    """Return seconds of each side, and what failed; no further round begins after `until`."""
    on_gpu = torch.cuda.is_available()
    decoding = DecodingOptions(options.length, num_beams=options.beams)
    if on_gpu:
        decoding = DecodingOptions(
            options.length, num_beams=options.beams, tokens_per_batch=TRANSLATION_TOKENS
        )
    names = GPU_SIDES if on_gpu else CPU_SIDES
    with tempfile.TemporaryDirectory() as directory:
        task = prepare_shape(
            options.translation_shape, options.sentences, decoding, Path(directory), names
        )
        sides = Sides(task)
        seconds, found = measure_rounds(sides, task.sources, options.beams, options.rounds, until)
        memory = sides.close()
    failed = {side: re.sub(r"/\S*/", "", reason)[:300] for side, reason in sides.failed.items()}
    return {
        "shape": options.translation_shape, "num_sentences": len(task.sources),
        "num_beams": options.beams, "length": options.length, "seconds": seconds,
        "same_as_torch": share_of_same_texts(found) if found.get("torch") else {},
        "failed": failed, "peak_megabytes": memory,
    }  # fmt: skip


def measure(options: argparse.Namespace, begun: float) -> dict[str, Any]:
    """Measure everything and return the raw numbers."""

    def say(line: str) -> None:
        print(f"[{time.monotonic() - begun:4.0f} s] {line}", flush=True)

    on_gpu = torch.cuda.is_available()
    device = torch.cuda.get_device_name() if on_gpu else "a CPU"
    published = find_published_rate(device)
    options.memory_bytes = torch.cuda.mem_get_info()[0] if on_gpu else 2**31
    dtypes = {"fp32": torch.float32, "bf16": torch.bfloat16}
    rates = {name: measure_matmul(dtype) for name, dtype in dtypes.items()}
    torch.cuda.empty_cache()
    say(f"{device}: " + ", ".join(f"{rate / 1e12:,.2f} TFLOP/s {n}" for n, rate in rates.items()))
    end = begun + 60 * options.minutes - MARGIN
    translates = options.translation_shape != "none"
    reserved = min(TRANSLATION_SECONDS, 15 * options.minutes) if translates else 0.0
    with tempfile.TemporaryDirectory() as directory:
        # Token ids are below the vocabulary of every shape.
        vocabulary = min(SHAPES[shape][4] or VOCABULARY for shape in options.shape)
        options.tokens_of_pair = write_data(Path(directory), options.pairs, vocabulary)
        runs, left_out = measure_training(Path(directory), options, end - reserved, say)
    translation = None
    if translates:
        try:
            translation = measure_translation(options, end - reserved / 4)
        except Exception as error:  # any: the training is to be reported
            left_out.append(f"translation, because of {find_reason(repr(error), 1)}")
        say("translation done")
    return {
        "device": device,
        "minutes_taken": round((time.monotonic() - begun) / 60, 2),
        "matmul_flops_per_second": rates,
        "published": published and {"flops_per_second": published[0], "source": published[1]},
        "shapes": options.shape, "runs": runs, "left_out": left_out, "translation": translation,
    }  # fmt: skip


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--report", type=Path, default=Path("gpu-report.md"))
    parser.add_argument("--minutes", type=float, default=8.0, help="of everything together")
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    parser.add_argument("--shape", action="append", choices=list(SHAPES))
    parser.add_argument("--arm", action="append", choices=ARMS)
    parser.add_argument("--rounds", type=int, default=2, help="in which the arms take turns")
    parser.add_argument("--seconds", type=float, default=6.0, help="longest measurement of an arm")
    parser.add_argument("--tokens", type=int, help="real tokens of a step, on both sides")
    parser.add_argument("--pairs", type=int, default=100_000, help="number of sentence pairs")
    parser.add_argument(
        "--translation-shape", default="t5-small", choices=["none", "tiny", "9m", "t5-small"]
    )
    parser.add_argument("--sentences", type=int, default=512, help="to translate")
    parser.add_argument("--length", type=int, default=32, help="tokens of each translation")
    parser.add_argument("--beams", type=int, default=4)
    options = parser.parse_args()
    options.shape = options.shape or ["t5-large", "t5-base", "t5-small"]
    # Those that may have to be left out come last, when it is known how long a process takes.
    options.arm = sorted(options.arm or IMPORTANCE, key=IMPORTANCE.index)
    return options


def main() -> int:
    begun = time.monotonic()
    options = parse_arguments()
    # One GPU: the stock Trainer would train on all by copies in threads.
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0]
    os.environ["CUDA_VISIBLE_DEVICES"] = visible  # read when CUDA is used for the first time
    if options.device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
        os.environ.setdefault("OMP_NUM_THREADS", "1")  # of the arms, two of which run at a time
        options.tokens = options.tokens or 512
    elif (reason := explain_missing_gpu()) is not None:
        print(f"{reason} Nothing was measured; --device cpu tests the benchmark itself.")
        return 1
    numbers = measure(options, begun)
    text = write_section(numbers)
    title = "Speed" if options.device == "cuda" else "Speed, a test of the benchmark on a CPU"
    append_section(options.report, title, text, numbers)
    print(f"\n{text}\n\nwritten to {options.report}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
