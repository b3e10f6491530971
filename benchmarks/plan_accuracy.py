"""Hold what `t5tune plan --measure` predicts against what `t5tune train` then takes.

.venv/bin/python benchmarks/plan_accuracy.py DIRECTORY --data DATA [--case NAME …] [--rounds 3]

DATA holds multi30k/ (train.en, train.de, val.en …) and g2p/ (dut_train.tsv …); DIRECTORY keeps
what is built. In each round every case is planned and then trained, each in a process of its own,
so that both meet the same machine:

    phrasebook   the recipe that ships, 1.2 million parameters
    g2p          recipes/g2p.yaml in Dutch, 0.7 million
    multi30k     recipes/multi30k-en-de.yaml, 1.8 million
    t5-small     a T5 of that shape with random weights and a vocabulary of pseudo-text, AdamW

with few steps and two validations. Printed are predicted / actual for each round, and their median:

    time      from the first step to the last validation, `elapsed_seconds` of the last line of
              log.jsonl: steps, validations and checkpoints
    steps     the same of the steps alone, by the tokens per second that log.jsonl has
    memory    most resident memory of the process (ru_maxrss)
    disk      of all files of the run against the sum that the plan names
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
RECIPE = """
name: t5-small
task: translation
source_lang: en
target_lang: de
model: {{name: {model}}}
data:
  train: {{source_file: {data}/train.en, target_file: {data}/train.de}}
  validation: {{source_file: {data}/val.en, target_file: {data}/val.de}}
  prefix: ""
training: {{tokens_per_batch: 2048}}
evaluation: {{max_validation_examples: 100}}
export: none
"""


class Case(NamedTuple):
    """A recipe and its changes."""

    recipe: Path
    changes: list[str]


def build_case(name: str, data: Path, directory: Path) -> Case:
    """Return a case, with few steps and two validations."""

    def cut(steps: int, *changes: str) -> list[str]:
        lengths = f"training.max_steps={steps}", f"training.eval_steps={steps // 2}"
        # The report, which is not compared, is to take little time.
        rest = f"training.logging_steps={steps}", "decoding.num_beams=1", "export=none"
        return [*changes, *lengths, *rest]

    if name == "phrasebook":
        return Case(ROOT / "recipes" / "phrasebook-en-de.yaml", cut(200))
    if name == "g2p":
        files = {"train": "train", "validation": "dev", "test": "test"}
        given = [f"data.{key}.file={data}/g2p/dut_{file}.tsv" for key, file in files.items()]
        return Case(ROOT / "recipes" / "g2p.yaml", cut(200, *given))
    if name == "multi30k":
        files = {"train": "train", "validation": "val", "test": "test_2016_flickr"}
        given = [
            f"data.{key}.{change}"
            for key, file in files.items()
            for change in (
                "hub=null",
                "split=null",
                f"source_file={data}/multi30k/{file}.en",
                f"target_file={data}/multi30k/{file}.de",
            )
        ]
        return Case(ROOT / "recipes" / "multi30k-en-de.yaml", cut(80, *given))
    # Elsewhere: the memory of this process would count as that of those that it starts.
    code = "import sys, pathlib, memory; memory.build(pathlib.Path(sys.argv[1]), 't5-small')"
    folder = Path(__file__).parent
    subprocess.run([sys.executable, "-c", code, str(directory)], check=True, cwd=folder)
    model, recipe = directory / "t5-small", directory / "t5-small.yaml"
    text = RECIPE.format(model=model, data=data / "multi30k")
    recipe.write_text(text, encoding="utf-8")
    return Case(recipe, cut(10))


def run(arguments: list[str], directory: Path) -> tuple[str, int]:
    """Run `t5tune`, and return what it printed and the most bytes of its memory."""
    with subprocess.Popen(
        [sys.executable, "-m", "t5tune", *arguments],
        stdout=subprocess.PIPE, stderr=(directory / "stderr.txt").open("w"), text=True,
        cwd=directory,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        out = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit((directory / "stderr.txt").read_text())
    return out, 1024 * usage.ru_maxrss


def compare(case: Case, directory: Path) -> dict[str, float]:
    """Plan and train a case, and return predicted / actual."""
    given = [str(case.recipe), *case.changes]
    plan = json.loads(run(["plan", *given, "--measure", "--json"], directory)[0])
    output = directory / "run"
    shutil.rmtree(output, ignore_errors=True)
    _, memory = run(["train", *given, "--output-dir", str(output)], directory)
    lines = [json.loads(line) for line in (output / "log.jsonl").read_text().splitlines()]
    tokens = plan["batches"]["tokens"] / plan["steps"]["per_epoch"]  # of a step
    seconds = sum(
        (line["step"] - before) * tokens / line["real_tokens_per_second"]
        for before, line in zip(
            [0, *(one["step"] for one in lines if "loss" in one)],
            [one for one in lines if "loss" in one],
            strict=False,
        )
    )
    return report(plan, output, lines[-1]["elapsed_seconds"], seconds, memory)


def report(
    plan: dict[str, Any], output: Path, elapsed: float, steps: float, memory: int
) -> dict[str, float]:
    """Print what was predicted and what was, and return the ratios."""
    predicted, disk = plan["predicted"], plan["disk"]
    files = sum(path.stat().st_size for path in output.rglob("*") if path.is_file())
    # When training has ended, no other checkpoint is being written.
    num = min(disk["most_checkpoints"] - 1, plan["steps"]["validations"])
    planned = num * plan["measured"]["checkpoint_bytes"] + disk["model_bytes"]
    pairs = {
        "time": (predicted["training_seconds"], elapsed),
        "steps": (predicted["steps_seconds"], steps),
        "memory": (predicted["memory_bytes"] / 1e6, memory / 1e6),
        "disk": ((planned + disk["export_bytes"]) / 1e6, files / 1e6),
    }
    for name, (one, other) in pairs.items():
        print(f"  {name}: {one:,.1f} / {other:,.1f} = {one / other:.2f}", flush=True)
    return {name: one / other for name, (one, other) in pairs.items()}


def main() -> None:
    """Measure every case in every round."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = ("phrasebook", "g2p", "multi30k", "t5-small")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--case", action="append", choices=names)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    directory, data = options.directory.resolve(), options.data.resolve()
    directory.mkdir(parents=True, exist_ok=True)
    cases = {name: build_case(name, data, directory) for name in options.case or names}
    ratios: dict[str, list[dict[str, float]]] = {name: [] for name in cases}
    for number in range(options.rounds):
        for name, case in cases.items():
            print(f"round {number + 1}: {name} (load {os.getloadavg()[0]:.1f})", flush=True)
            ratios[name].append(compare(case, directory))
    for name, found in ratios.items():
        medians = (
            f"{what} {statistics.median(one[what] for one in found):.2f} "
            f"({min(one[what] for one in found):.2f} to {max(one[what] for one in found):.2f})"
            for what in found[0]
        )
        print(f"{name}: predicted / actual: {', '.join(medians)}")


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
