"""Compare translation by run_translation.py's generate, t5tune with torch, and CTranslate2.

.venv/bin/python benchmarks/translation.py --run runs/demo [--copies 4] [--beams 1 4] [--rounds 3]
.venv/bin/python benchmarks/translation.py --shape t5-small [--sentences 64]
    [--also torch-bf16 ctranslate2-int8-patience1 ctranslate2-int8-shortlist500]

Every side is a separate process with the model loaded; each round measures the sides in turn, so
that other load on the machine affects all of them. With --run the sentences are the run's test set,
each `--copies` times; with --shape the weights are random and every hypothesis has `--length`
tokens. Further sides, measured warm only, are torch with its weights in bf16, CTranslate2 in
float16 and int8_float16 (on a GPU, where every side runs if there is one), int8 whose beam search
ends after as many hypotheses as beams, and int8 that chooses among some 500 target tokens (the
first 500 of the vocabulary: this is the most that a shortlist could gain, not what it would
translate). A side that fails is left out, and its reason printed.
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from t5tune.decoding.translator import DecodingOptions

SHAPES = {  # d_model, d_ff, layers per side, heads, vocabulary
    "tiny": (64, 128, 2, 2, 1000),
    "9m": (256, 1024, 4, 4, 8000),
    "t5-small": (512, 2048, 6, 8, 32128),
}
SIDES = ("generate", "torch", "ctranslate2-float32", "ctranslate2-int8")
VARIATIONS: dict[str, tuple[float, int | None]] = {  # int8's patience and size of the shortlist
    "ctranslate2-int8-patience1": (1.0, None),
    "ctranslate2-int8-shortlist500": (2.0, 500),
}
EXPORT = "ctranslate2-"  # how sides begin that need an export
FURTHER_SIDES = ("torch-bf16", f"{EXPORT}float16", f"{EXPORT}int8_float16", *VARIATIONS)
STOCK_BATCH = 32  # sentences, as in run_translation.py's examples


@dataclass(frozen=True)
class Task:
    """Hold what all sides translate, and the files of the model."""

    model: Path
    exports: dict[str, Path]
    prefix: str
    max_source_length: int
    options: DecodingOptions
    sources: list[str]
    references: list[list[str]]
    sides: tuple[str, ...] = SIDES


def prepare_run(path: str, copies: int, directory: Path, sides: tuple[str, ...]) -> Task:
    from t5tune.data.examples import load_examples
    from t5tune.decoding.found_model import find_run
    from t5tune.run.directory import RunDirectory

    run = RunDirectory(Path(path))
    found = find_run(run)
    loaded, recipe = found.load(), found.recipe
    split = "test" if recipe.data.test is not None else "validation"
    examples = load_examples(recipe.data, split, recipe.source_lang, recipe.target_lang)
    exports = convert(
        loaded.translator, loaded.options, run.model, directory, examples.sources, sides
    )
    return Task(
        run.model, exports, loaded.translator.settings.prefix, recipe.data.max_source_length,
        loaded.options, examples.sources * copies, examples.references * copies, sides,
    )  # fmt: skip


def build_made_up_tokenizer(size: int, generator: random.Random) -> tuple[Any, list[str]]:
    """Return a tokenizer of made-up words, each of them one token, and these words."""
    from transformers import T5Tokenizer

    words: set[str] = set()
    while len(words) < size - 10:
        words.add("".join(generator.choices("abcdefghijklmnopqrstuvwxyz", k=6)))
    known = sorted(words)
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), *(("▁" + w, -1.0) for w in known)]
    return T5Tokenizer(vocab=pieces, extra_ids=0), known


def prepare_shape(
    shape: str,
    num_sentences: int,
    options: DecodingOptions,
    directory: Path,
    sides: tuple[str, ...],
) -> Task:
    """Prepare random weights, and sentences of 8 to 24 made-up words.

    Every hypothesis has the number of tokens that `options` limit it to.
    """
    import torch
    from transformers import GenerationConfig, T5Config, T5ForConditionalGeneration

    from t5tune.decoding.torch_translator import TorchTranslator
    from t5tune.models.input_settings import InputSettings

    d_model, d_ff, layers, heads, size = SHAPES[shape]
    generator = random.Random(1)
    tokenizer, known = build_made_up_tokenizer(size, generator)
    torch.manual_seed(1)
    model = T5ForConditionalGeneration(
        T5Config(
            vocab_size=size, d_model=d_model, d_kv=d_model // heads, d_ff=d_ff,
            num_layers=layers, num_heads=heads, decoder_start_token_id=0,
        )
    ).eval()  # fmt: skip
    model.generation_config = GenerationConfig.from_model_config(model.config)
    model.generation_config.max_new_tokens = options.max_new_tokens
    model_directory = directory / "model"
    model.save_pretrained(model_directory)
    tokenizer.save_pretrained(model_directory)
    sources = [" ".join(generator.choices(known, k=8 + i % 17)) for i in range(num_sentences)]
    translator = TorchTranslator(model, tokenizer, InputSettings(max_source_length=128))
    exports = convert(translator, options, model_directory, directory, sources, sides)
    return Task(model_directory, exports, "", 128, options, sources, [], sides)


def convert(
    translator: object,
    options: DecodingOptions,
    model: Path,
    directory: Path,
    sources: list[str],
    sides: tuple[str, ...],
) -> dict[str, Path]:
    """Return the exports that the sides need, by their sides."""
    from t5tune.decoding.export.conversion import convert_model
    from t5tune.decoding.export.settings import PARITY_FILE
    from t5tune.run.manifest import write_manifest

    exports = {}
    for side in dict.fromkeys(f"{EXPORT}int8" if side in VARIATIONS else side for side in sides):
        if not side.startswith(EXPORT):
            continue
        path = directory / side
        convert_model(
            translator, options, path, model_directory=model,
            quantization=side.removeprefix(EXPORT), name="benchmark", fingerprint="",
            sources=sources[:100],
        )  # fmt: skip
        (path / PARITY_FILE).write_text("{}", encoding="utf-8")
        write_manifest(path, {})
        exports[side] = path
    for side in VARIATIONS.keys() & set(sides):
        exports[side] = vary_export(exports[f"{EXPORT}int8"], side)
    return exports


def vary_export(path: Path, side: str) -> Path:
    """Return a copy of the export that searches as one of `VARIATIONS`."""
    from t5tune.decoding.export.settings import SETTINGS_FILE, VOCABULARY_FILE
    from t5tune.run.manifest import write_manifest

    copy = path.with_name(side)
    shutil.copytree(path, copy)
    settings = json.loads((copy / SETTINGS_FILE).read_text(encoding="utf-8"))
    settings["patience"], num_tokens = VARIATIONS[side]
    if num_tokens is not None:
        tokens = json.loads((copy / VOCABULARY_FILE).read_text(encoding="utf-8"))[:num_tokens]
        # The line without a source word: its target tokens are always candidates.
        (copy / "vmap.txt").write_text("\t" + " ".join(tokens) + "\n", encoding="utf-8")
        settings["constraints"]["use_vmap"] = True
    (copy / SETTINGS_FILE).write_text(json.dumps(settings), encoding="utf-8")
    write_manifest(copy, {})
    return copy


Translate = Callable[[Sequence[str], int], list[str]]  # texts, beams


def open_stock(task: Task) -> Translate:
    """Open the stock side: batches of 32 in file order, padded to the longest."""
    import torch
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = AutoModelForSeq2SeqLM.from_pretrained(task.model, dtype=torch.float32).eval().to(device)
    tokenizer = AutoTokenizer.from_pretrained(task.model)

    def translate(texts: Sequence[str], num_beams: int) -> list[str]:
        found: list[str] = []
        for start in range(0, len(texts), STOCK_BATCH):
            batch = tokenizer(
                [task.prefix + text for text in texts[start : start + STOCK_BATCH]],
                padding=True, truncation=True, max_length=task.max_source_length,
                return_tensors="pt",
            ).to(device)  # fmt: skip
            with torch.inference_mode():
                generated = model.generate(
                    input_ids=batch["input_ids"], attention_mask=batch["attention_mask"],
                    num_beams=num_beams, max_new_tokens=task.options.max_new_tokens,
                )  # fmt: skip
            found += tokenizer.batch_decode(generated, skip_special_tokens=True)
        return [text.strip() for text in found]

    return translate


def open_own(task: Task, side: str) -> Translate:
    """Open t5tune's own side, with its batches and all cores."""
    from t5tune.decoding.translator import Translator

    translator: Translator
    if side.startswith("torch"):
        import torch

        from t5tune.decoding.torch_translator import TorchTranslator
        from t5tune.models.input_settings import InputSettings
        from t5tune.models.loading import load_model, load_tokenizer

        model = load_model(str(task.model)).to("cuda" if torch.cuda.is_available() else "cpu")
        settings = InputSettings(task.prefix, task.max_source_length)
        translator = TorchTranslator(model, load_tokenizer(str(task.model)), settings)
        if side == "torch-bf16":
            translator.use_bf16()
    else:
        from t5tune.decoding.opening import load

        translator = load(str(task.exports[side])).translator

    def translate(texts: Sequence[str], num_beams: int) -> list[str]:
        options = replace(task.options, num_beams=num_beams)
        return [hypothesis.text for hypothesis in translator.translate(texts, options)]

    return translate


def serve(side: str, task: Task, connection: Connection) -> None:
    """Serve one side: answer (texts, beams) with (hypotheses, seconds) until None arrives.

    Before that and at the end the peak memory is sent; instead of anything, an exception.
    """
    with Path(os.devnull).open("w") as nowhere, redirect_stderr(nowhere):
        try:
            translate = open_stock(task) if side == "generate" else open_own(task, side)
            translate(task.sources[:256], 1)
            translate(task.sources[:1], 1)
            connection.send(peak_megabytes())
            while (request := connection.recv()) is not None:
                begin = time.perf_counter()
                found = translate(*request)
                connection.send((found, time.perf_counter() - begin))
            connection.send(peak_megabytes())
        except Exception as error:  # any: the other sides go on
            connection.send(RuntimeError(f"{type(error).__name__}: {error}"))


class Sides:
    """The processes of a task's sides; one that fails is left out.

    Attributes:
        memory: Peak memory of each side's process in MB, once it is warm.
        failed: Reasons of the sides that are left out.
    """

    def __init__(self, task: Task) -> None:
        context = multiprocessing.get_context("spawn")
        self.memory: dict[str, float] = {}
        self.failed: dict[str, str] = {}
        self._connections: dict[str, Connection] = {}
        self._processes: dict[str, Any] = {}
        for side in task.sides:
            self._connections[side], there = context.Pipe()
            process = context.Process(target=serve, args=(side, task, there))
            process.start()
            there.close()  # so that the end of the process is noticed
            self._processes[side] = process
        for side in task.sides:
            memory = self._receive(side)
            if memory is not None:
                self.memory[side] = memory

    @property
    def names(self) -> list[str]:
        """Sides that have not failed, in order."""
        return [side for side in self._processes if side not in self.failed]

    def translate(self, side: str, texts: Sequence[str], beams: int) -> tuple[list[str], float]:
        """Return the hypotheses and the seconds; none if the side fails."""
        self._connections[side].send((texts, beams))
        return self._receive(side) or ([], 0.0)

    def _receive(self, side: str) -> Any:
        try:
            answer = self._connections[side].recv()
        except EOFError:
            answer = RuntimeError("its process ended")
        if isinstance(answer, RuntimeError):
            self.failed[side] = str(answer)
            return None
        return answer

    def close(self) -> dict[str, float]:
        """End the processes, and return the peak memory of each in MB."""
        memory = {}
        for side in self.names:
            self._connections[side].send(None)
            memory[side] = self._receive(side)
        for process in self._processes.values():
            process.join()
        return memory


def peak_megabytes() -> float:
    """Return this process's peak memory; Linux's ru_maxrss would start at the parent's."""
    status = Path("/proc/self/status")
    if status.is_file():
        lines = status.read_text(encoding="utf-8").splitlines()
        return next(int(line.split()[1]) / 1000 for line in lines if line.startswith("VmHWM"))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def measure_cold(task: Task, rounds: int, num_beams: int) -> dict[str, list[float]]:
    """Return the seconds of a whole process that translates one sentence, for each side in turn."""
    text = task.sources[0]
    limit = str(task.options.max_new_tokens)
    stock = (
        "import sys, torch\n"
        "from transformers import AutoModelForSeq2SeqLM, AutoTokenizer\n"
        "path, text, beams, limit = sys.argv[1:]\n"
        "model = AutoModelForSeq2SeqLM.from_pretrained(path, dtype=torch.float32).eval()\n"
        "tokenizer = AutoTokenizer.from_pretrained(path)\n"
        "ids = tokenizer([text], return_tensors='pt')\n"
        "found = model.generate(**ids, num_beams=int(beams), max_new_tokens=int(limit))\n"
        "print(tokenizer.batch_decode(found, skip_special_tokens=True)[0])\n"
    )
    own = [sys.executable, "-m", "t5tune", "translate", "--num-beams", str(num_beams)]
    commands = {
        "generate": [
            sys.executable, "-c", stock, str(task.model), task.prefix + text, str(num_beams), limit
        ],
        "torch": [*own, "--engine", "torch", "--model", str(task.model), text],
        **{side: [*own, "--model", str(path), text] for side, path in task.exports.items()},
    }  # fmt: skip
    seconds: dict[str, list[float]] = {side: [] for side in SIDES}
    for _ in range(rounds):
        for side in SIDES:
            begin = time.perf_counter()
            subprocess.run(commands[side], check=True, capture_output=True)
            seconds[side].append(time.perf_counter() - begin)
    return seconds


def spread(values: Sequence[float], digits: int) -> str:
    middle = statistics.median(values)
    return f"{middle:,.{digits}f} ({min(values):,.{digits}f}-{max(values):,.{digits}f})"


def ratios(base: Sequence[float], values: Sequence[float]) -> str:
    """Return how many times as fast a side is, round by round."""
    each = [first / second for first, second in zip(base, values, strict=True)]
    return f"{statistics.median(each):.1f}x ({min(each):.1f}-{max(each):.1f})"


def print_table(title: str, seconds: dict[str, list[float]], count: int, bleu: object) -> None:
    print(f"\n{title}")
    for side, times in seconds.items():
        if count > 1:
            speed = spread([count / value for value in times], 1) + " sentences/s"
        else:
            speed = spread([1000 * value for value in times], 0) + " ms"
        score = f"  BLEU {bleu[side]:.2f}" if isinstance(bleu, dict) and bleu else ""
        print(f"  {side:<30} {speed:<34} {ratios(seconds['generate'], times):<18}{score}")


def score(task: Task, hypotheses: Sequence[str]) -> float:
    from t5tune.scoring.compute import score_hypotheses
    from t5tune.scoring.system_output import SystemOutput

    return score_hypotheses(["bleu"], SystemOutput(list(hypotheses), task.references))[0].value


def measure_rounds(
    sides: Sides, texts: Sequence[str], num_beams: int, rounds: int, until: float = math.inf
) -> tuple[dict[str, list[float]], dict[str, list[str]]]:
    """Return seconds and hypotheses by side; the sides take turns.

    No round but the first begins after `until`, in seconds of `time.monotonic`.
    """
    seconds: dict[str, list[float]] = {side: [] for side in sides.names}
    found: dict[str, list[str]] = {}
    for number in range(rounds):
        if number and time.monotonic() > until:
            break
        for side in sides.names:
            found[side], taken = sides.translate(side, texts, num_beams)
            seconds[side].append(taken)
    return {side: seconds[side] for side in sides.names}, found


def share_of_same_texts(found: dict[str, list[str]]) -> dict[str, float]:
    """Return the share of hypotheses that equal those of torch, by side."""
    return {
        side: statistics.mean(a == b for a, b in zip(found["torch"], texts, strict=True))
        for side, texts in found.items()
        if texts
    }


def run_rounds(task: Task, beams: Sequence[int], rounds: int) -> None:
    sides = Sides(task)
    for num_beams in beams:
        for texts in (task.sources, task.sources[:1]):
            seconds, found = measure_rounds(sides, texts, num_beams, rounds)
            bleu = {}
            if len(texts) > 1 and task.references:
                bleu = {side: score(task, found[side]) for side in sides.names}
            what = f"{len(texts):,} sentences" if len(texts) > 1 else "one sentence, warm"
            print_table(f"beam {num_beams}, {what}, {rounds} rounds", seconds, len(texts), bleu)
            shares = share_of_same_texts(found).items()
            same = ", ".join(f"{side} {share:.1%}" for side, share in shares)
            print(f"  the same text as torch: {same}", flush=True)
    print("\npeak memory of the process, MB (warm; at the end)")
    for side, memory in sides.close().items():
        print(f"  {side:<30} {sides.memory[side]:,.0f}; {memory:,.0f}")
    for side, reason in sides.failed.items():
        print(f"{side} failed: {reason}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--run", help="a finished run")
    parser.add_argument("--copies", type=int, default=1, help="copies of its test set")
    parser.add_argument("--shape", default="t5-small", choices=list(SHAPES))
    parser.add_argument(
        "--sentences", type=int, default=64, help="number of sentences, with --shape"
    )
    parser.add_argument("--length", type=int, default=20, help="length of hypotheses, with --shape")
    parser.add_argument("--beams", type=int, nargs="+", default=[1, 4])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cold-rounds", type=int, default=5)
    parser.add_argument("--also", nargs="+", default=[], choices=FURTHER_SIDES)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        sides = (*SIDES, *options.also)
        if options.run:
            task = prepare_run(options.run, options.copies, directory, sides)
        else:
            decoding = DecodingOptions(options.length)
            task = prepare_shape(options.shape, options.sentences, decoding, directory, sides)
        print(f"{options.run or options.shape}: {len(task.sources):,} sentences, "
              f"{os.cpu_count()} cores")  # fmt: skip
        if options.cold_rounds:
            cold = measure_cold(task, options.cold_rounds, options.beams[-1])
            title = f"beam {options.beams[-1]}, one sentence, whole process"
            print_table(f"{title}, {options.cold_rounds} rounds", cold, 1, {})
        run_rounds(task, options.beams, options.rounds)


if __name__ == "__main__":
    main()
