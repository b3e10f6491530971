"""Train hostile recipes: each must end with one sentence or a model, never a traceback.

python -m tests.stress.hostile_recipes FOLDER --examples 300 [--command validate]

Hypothesis changes a good recipe: keys gone, doubled, misspelt; values of another type, huge,
nested; text cut, doubled, with tags, anchors and control characters. Prints one JSON object: how
the unchanged recipe and the others ended, and the recipes that ended otherwise.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import resource
import shutil
import signal
import sys
import time
import traceback
from collections import Counter
from pathlib import Path
from typing import Any

import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.conftest import TINY, write_tiny_recipe
from tests.stress.warm import start, t5tune_command

PATIENCE_SECONDS = 4.0  # then the command is asked to stop, which is not a failure
MEMORY = 12 << 30
TOGETHER = 20  # recipes that one process validates

VALUES = st.one_of(
    st.sampled_from(
        [
            None, True, False, 0, -1, 1, 2, 3.5, 1e308, -1e-308, 10**18, 10**400, float("nan"),
            float("inf"), "", " ", "no", "auto", "null", "1e-4", "../../etc", "/dev/zero",
            "/dev/stdin", "/etc/passwd", ".", "~", "~nobody/x", "a\x00b", "\ud7ff", "é" * 300,
            "{source}", "{", "{0}", "{a.__class__}", "x" * 5000, [], {}, [[]], [None], {"a": {}},
            [1, "two", {"three": 3}], "2026-11-24", "0x10", "1:30", "!!python/object:os.system",
        ]
    ),
    st.integers(-5, 5000),
    st.floats(),
    st.text(max_size=20),
)  # fmt: skip
SNIPPETS = st.sampled_from(
    [
        "\t", "\n", ": ", "- ", "'", '"', "{", "}", "[", "]", "&a ", "*a",
        "!!python/name:os.system ", "!!binary ", "%YAML 1.1\n", "---\n", "...\n",
        "#", "|", ">", "? ", "<<: ", "\u2028", "\x85", "\ufeff", "\x07", "[" * 200, "&a [*a]", "`",
        "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c, *c, *c]\n",
    ]
)  # fmt: skip


def paths(section: Any, before: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Return the key paths of a nested dictionary."""
    found = []
    for key, value in section.items():
        found.append((*before, key))
        if isinstance(value, dict):
            found += paths(value, (*before, key))
    return found


EXTRA_KEYS = (
    "model.name", "model.config", "model.config.dropout_rate", "model.config.num_heads",
    "model.config.d_kv", "model.config.relative_attention_num_buckets", "model.config.vocab_size",
    "model.from_scratch.num_decoder_layers", "model.from_scratch.tokenizer.vocab_size",
    "data.prefix", "data.source", "data.target", "data.max_source_length",
    "data.max_target_length", "data.train.columns", "data.train.format", "data.train.max_examples",
    "data.train.hub", "data.test.references", "training.learning_rate", "training.optim",
    "training.num_train_epochs", "training.warmup_steps", "training.lr_scheduler_type",
    "training.gradient_accumulation_steps", "training.packing", "training.ema_decay",
    "training.average_checkpoints", "training.save_total_limit", "training.weight_decay",
    "training.max_grad_norm", "training.max_minutes", "training.early_stopping_patience",
    "training.seed", "training.extra", "training.extra.adam_beta1", "training.extra.output_dir",
    "training.extra.push_to_hub", "training.extra.dataloader_num_workers",
    "training.gradient_checkpointing", "training.label_smoothing_factor",
    "decoding.max_new_tokens", "decoding.tokens_per_batch", "decoding.length_penalty",
    "decoding.no_repeat_ngram_size", "evaluation.metrics", "evaluation.best_metric",
    "evaluation.tokenize", "evaluation.max_validation_examples", "evaluation.lowercase",
)  # fmt: skip
PATHS = [*paths(TINY), *(tuple(key.split(".")) for key in EXTRA_KEYS)]


def put(recipe: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    section = recipe
    for part in path[:-1]:
        inner = section.get(part)
        if not isinstance(inner, dict):
            inner = section[part] = {}
        section = inner
    section[path[-1]] = value


@st.composite
def recipes(draw: st.DrawFn) -> str:
    """Generate the text of a recipe with one to three mistakes, some without consequence."""
    recipe = copy.deepcopy(TINY)
    for _ in range(draw(st.sampled_from([1, 1, 1, 2, 3]))):
        path = draw(st.sampled_from(PATHS))
        match draw(st.sampled_from(["value", "value", "value", "gone", "misspelt", "moved"])):
            case "value":
                put(recipe, path, draw(VALUES))
            case "gone":
                recipe.pop(path[0], None)
            case "misspelt":
                put(recipe, (*path[:-1], path[-1][:-1] + "x"), draw(VALUES))
            case _:
                put(recipe, path[-1:], draw(VALUES))
    text: str = yaml.safe_dump(recipe, sort_keys=False, allow_unicode=True)
    for _ in range(draw(st.sampled_from([0, 0, 0, 0, 0, 1, 2]))):
        at = draw(st.integers(0, len(text)))
        match draw(st.sampled_from(["insert", "cut", "double"])):
            case "insert":
                text = text[:at] + draw(SNIPPETS) + text[at:]
            case "cut":
                text = text[:at]
            case _:
                text = text[:at] + text[max(0, at - 40) :]
    return text


def run(text: str, folder: Path, command: str) -> tuple[str, str]:
    """Return how the command ended, and what it said."""
    work = prepare(text, folder, "work")

    def limited() -> None:
        limit()
        t5tune_command(command, "recipe.yaml")()

    return wait_patiently(start(limited, work)), read_messages(work)


def run_together(texts: list[str], folder: Path) -> list[tuple[str, str]]:
    """Return what `run` does for several `validate`: one process, as far as it comes."""
    works = [prepare(text, folder, f"work-{i}") for i, text in enumerate(texts)]

    def validate_all() -> None:
        limit()
        for work in works:
            os.chdir(work)
            output = os.open("err.txt", os.O_WRONLY | os.O_CREAT)
            os.dup2(output, 1)
            os.dup2(output, 2)
            os.close(output)
            code = 70
            try:
                t5tune_command("validate", "recipe.yaml")()
                code = 0
            except SystemExit as end:
                code = int(end.code or 0)
            except Exception:
                traceback.print_exc()
            sys.stdout.flush()
            sys.stderr.flush()
            (work / "code").write_text(str(code))

    wait_patiently(start(validate_all, folder))
    return [
        ((work / "code").read_text(), read_messages(work))
        if (work / "code").exists()
        else run(text, folder, "validate")  # it may have ended the process, or not have begun
        for text, work in zip(texts, works, strict=True)
    ]


def prepare(text: str, folder: Path, name: str) -> Path:
    """Return a new folder with a recipe and its data."""
    work = folder / name
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    (work / "recipe.yaml").write_bytes(text.encode("utf-8", "surrogatepass"))
    for file in ("train.tsv", "validation.tsv", "test.tsv"):
        shutil.copy(folder / file, work / file)
    return work


def limit() -> None:
    """Limit this process's memory, and give it nothing to read."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    os.close(0)
    os.open(os.devnull, os.O_RDONLY)


def read_messages(work: Path) -> str:
    """Return what a command said in a folder."""
    return (work / "err.txt").read_text(errors="replace")


def wait_patiently(process: int) -> str:
    """Return the exit code of a process, which is asked to stop and then killed if it hangs."""
    begin = time.monotonic()
    asked = False
    while True:
        ended, status = os.waitpid(process, os.WNOHANG)
        if ended:
            return str(os.waitstatus_to_exitcode(status))
        waited = time.monotonic() - begin
        if waited > PATIENCE_SECONDS and not asked:
            os.kill(process, signal.SIGTERM)
            asked = True
        if waited > PATIENCE_SECONDS + 30:
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
            return "hung"
        time.sleep(0.005)


def is_right(code: str, said: str) -> bool:
    """Return whether a command finished, was stopped, or gave one sentence and a next command."""
    if "Traceback" in said:
        return False
    refused = code == "1" and "\nerror: " in f"\n{said}" and "\ntry: " in said
    return refused or code in ("0", "143")


def try_recipes(folder: Path, examples: int, command: str) -> dict[str, Any]:
    """Try many recipes, and report the first ten failures with what was printed."""
    write_tiny_recipe(folder)
    texts: list[str] = []

    @settings(
        max_examples=examples, derandomize=True, database=None, deadline=None,
        phases=[Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(recipes())
    def collect(text: str) -> None:
        texts.append(text)

    os.environ["HF_HUB_OFFLINE"] = "1"
    control, _ = run(yaml.safe_dump(TINY), folder, command)
    collect()
    if command == "validate":
        chunks = [texts[i : i + TOGETHER] for i in range(0, len(texts), TOGETHER)]
        ends = [end for chunk in chunks for end in run_together(chunk, folder)]
    else:
        ends = [run(text, folder, command) for text in texts]
    wrong = [
        {"recipe": text, "code": code, "said": said[-3000:]}
        for text, (code, said) in zip(texts, ends, strict=True)
        if not is_right(code, said)
    ]
    codes = Counter(code for code, _ in ends)
    return {"control": control, "codes": codes, "tried": len(ends), "wrong": wrong[:10]}


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--examples", type=int, default=300)
    parser.add_argument("--command", default="train", choices=["train", "validate"])
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    print(json.dumps(try_recipes(options.folder.resolve(), options.examples, options.command)))
