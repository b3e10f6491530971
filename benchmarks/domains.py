"""Measure ways to teach a model of image captions to translate news too, of which there is less.

.venv/bin/python benchmarks/domains.py --captions DIR --news DIR --folder FOLDER --steps N
    [--seeds 3] [--arms captions,weights,until_step,fine_tuned,news] [--change KEY=VALUE ...]

    captions     Multi30k alone (train, val and test_2016_flickr, .en and .de)
    weights      both corpora all along, two captions for each sentence of news, which is twice as
                 long
    until_step   captions alone for half of the steps, then both as above
    fine_tuned   captions alone for half of the steps; then that model is trained on news alone,
                 with a learning rate that warms up again
    news         news alone (src-train.txt, tgt-train.txt, and so on)

All arms have N steps in total, with batches of the same size, and the recipe `multi30k-en-de` with
greedy search. They share the vocabulary that `weights` learns from both corpora, as a pretrained
model has one for all texts, and evaluate their last weights: no arm chooses a checkpoint.

FOLDER keeps the runs, and the same command again makes what is missing. For each test set there is
a table: mean and standard deviation of BLEU over the seeds, and p-values of the paired tests of
`t5tune compare` against `captions` and against `fine_tuned`, on the outputs of all seeds together.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import t5tune
from t5tune.recipe.catalog import find_recipe
from t5tune.recipe.yaml_lines import parse_yaml
from t5tune.run.directory import RunDirectory
from t5tune.scoring.compute import score_hypotheses
from t5tune.scoring.score import ScoringOptions
from t5tune.scoring.significance.comparison import compare_systems
from t5tune.scoring.stored_examples import parse_example
from t5tune.scoring.system_output import SystemOutput

ARMS = ("weights", "captions", "until_step", "fine_tuned", "news")  # in the order of training
BASELINES = ("captions", "fine_tuned")
CAPTIONS, NEWS = "captions", "news"
# Files of a split of each corpus, source and target.
FILES = {
    CAPTIONS: {
        "train": ("train.en", "train.de"),
        "validation": ("val.en", "val.de"),
        "test": ("test_2016_flickr.en", "test_2016_flickr.de"),
    },
    NEWS: {"train": ("src-train.txt", "tgt-train.txt"), "test": ("src-test.txt", "tgt-test.txt")},
}
LONGEST = 100  # tokens: news has longer sentences than the recipe's captions
Entry = dict[str, Any]


class Benchmark:
    """Trainings and evaluations, each made once."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.folders = {CAPTIONS: options.captions.resolve(), NEWS: options.news.resolve()}

    def find_files(self, corpus: str, split: str) -> tuple[Path, Path]:
        """Return the files of sources and targets."""
        source, target = FILES[corpus][split]
        return self.folders[corpus] / source, self.folders[corpus] / target

    def entry(self, corpus: str, split: str = "train", **keys: Any) -> Entry:
        """Return an entry of the recipe."""
        source, target = map(str, self.find_files(corpus, split))
        return {"source_file": source, "target_file": target, **keys}

    def mix(self, arm: str) -> list[Entry]:
        """Return the entries that an arm trains on."""
        half = self.options.steps // 2
        if arm == "weights":
            return [self.entry(CAPTIONS, weight=2), self.entry(NEWS, weight=1)]
        if arm == "until_step":
            return [
                self.entry(CAPTIONS, weight=2, name="captions before", until_step=half),
                self.entry(CAPTIONS, weight=2, name="captions", from_step=half),
                self.entry(NEWS, weight=1, name="news", from_step=half),
            ]
        return [self.entry(NEWS if arm in ("fine_tuned", NEWS) else CAPTIONS)]

    def build_recipe(self, arm: str, seed: int) -> dict[str, Any]:
        """Return the recipe of a training; that of `fine_tuned` begins with the model of `half`."""
        path = find_recipe("multi30k-en-de")
        recipe: dict[str, Any] = parse_yaml(path.read_text(encoding="utf-8"), path.name).value
        entries = self.mix(arm)
        recipe["data"] |= {
            "train": entries if len(entries) > 1 else entries[0],
            "validation": self.entry(CAPTIONS, "validation"),
            "test": self.entry(CAPTIONS, "test"),
            "max_source_length": LONGEST,
            "max_target_length": LONGEST,
            "prefix": "",
        }
        steps = self.options.steps
        if arm == "fine_tuned":
            recipe["model"]["name"] = str(self.find_run("half", seed).model)
            del recipe["model"]["from_scratch"]
            steps -= steps // 2
        elif arm == "half":
            steps //= 2
        if arm not in ("fine_tuned", "weights"):
            tokenizer = {"type": "existing", "name": str(self.find_run("weights", seed).model)}
            recipe["model"]["from_scratch"]["tokenizer"] = tokenizer
        # A model that has a name would have AdamW.
        recipe["training"] |= {"optim": "adafactor", "scale_parameter": True, "seed": seed}
        recipe["training"] |= {"max_steps": steps, "eval_steps": steps}
        recipe["training"]["warmup_steps"] = min(400, max(1, steps // 5))
        recipe["decoding"] = {"num_beams": 1, "max_new_tokens": LONGEST}
        recipe["export"] = "none"
        return recipe

    def find_run(self, arm: str, seed: int) -> RunDirectory:
        """Return the directory of a run."""
        return RunDirectory(self.options.folder.resolve() / f"{arm}-{seed}")

    def train(self, arm: str, seed: int) -> RunDirectory:
        """Train a model, unless it is in the folder."""
        if arm == "fine_tuned":
            self.train("half", seed)
        run = self.find_run(arm, seed)
        recipe = self.build_recipe(arm, seed)
        result = t5tune.train(recipe, *self.options.change, output_dir=run.path)
        if result.stopped_by is not None:
            raise SystemExit(128 + result.stopped_by)
        return run

    def measure(self, arm: str, seed: int) -> dict[str, Path]:
        """Return the outputs for each test set, by its name."""
        run = self.train(arm, seed)
        if not run.report(NEWS).is_file():
            source, target = self.find_files(NEWS, "test")
            t5tune.evaluate(
                run.path,
                source_file=source,
                reference_files=target,
                output_dir=run.evaluation(NEWS),
            )
        print(f"{arm} seed {seed}: evaluated on both test sets", flush=True)
        return {CAPTIONS: run.examples("test"), NEWS: run.examples(NEWS)}


def read_output(paths: Iterable[Path]) -> SystemOutput:
    """Return the outputs of a test set, one file after another."""
    lines = itertools.chain(*(path.read_text(encoding="utf-8").splitlines() for path in paths))
    rows = [row for line in lines if (row := parse_example(line)) is not None]
    return SystemOutput([row.hypothesis for row in rows], [list(row.references) for row in rows])


def describe(found: Mapping[str, Sequence[Path]], test_set: str) -> Iterator[str]:
    """Return the lines of a test set's table.

    Args:
        found: Files of outputs, one for each seed, by arm.
        test_set: Name of the test set.
    """
    metrics, options = ["bleu", "chrf"], ScoringOptions(target_lang="de")
    outputs = {arm: read_output(paths) for arm, paths in found.items()}
    told: dict[str, list[list[str]]] = {}
    for baseline in (arm for arm in BASELINES if arm in outputs):
        others = {arm: output for arm, output in outputs.items() if arm != baseline}
        compared = compare_systems({baseline: outputs[baseline], **others}, metrics, options)
        for system in compared.systems[1:]:
            sentences = told.setdefault(system.name, [[] for _ in metrics])
            for own, one in zip(sentences, system.differences, strict=True):
                tests = ", ".join(f"p {p:.4f} ({test})" for test, p in one.p_values.items())
                own.append(f"against {baseline} {one.value:+.2f}, {one.verdict}: {tests}")
    for number, metric in enumerate(metrics):
        yield f"\n{test_set}: {metric}"
        for arm, paths in found.items():
            alone = [score_hypotheses([metric], read_output([path]), options)[0] for path in paths]
            values = [score.value for score in alone]
            deviation = f" ± {statistics.stdev(values):.2f}" if len(values) > 1 else ""
            yield f"{arm:<12}{statistics.mean(values):6.2f}{deviation}"
            yield from (f"{'':<12}{sentence}" for sentence in told.get(arm, [[], []])[number])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--captions", type=Path, required=True, help="directory of Multi30k")
    parser.add_argument("--news", type=Path, required=True, help="directory of the news")
    parser.add_argument("--folder", type=Path, required=True, help="of the runs; is continued")
    parser.add_argument("--steps", type=int, required=True, help="of each arm")
    parser.add_argument("--seeds", type=int, default=3, help="number of seeds")
    parser.add_argument("--arms", default=",".join(ARMS), help="names, separated by commas")
    parser.add_argument("--change", action="append", default=[], metavar="KEY=VALUE")
    options = parser.parse_args()
    arms = options.arms.split(",")
    if unknown := [arm for arm in arms if arm not in ARMS]:
        parser.error(f"unknown arms: {', '.join(unknown)}")
    if options.steps < 2:
        parser.error("--steps: fine_tuned divides them by two")
    benchmark = Benchmark(options)
    found: dict[str, dict[str, list[Path]]] = {CAPTIONS: {}, NEWS: {}}
    for seed in range(1, options.seeds + 1):
        benchmark.train("weights", seed)  # its vocabulary is that of all arms
        for arm in arms:
            for test_set, path in benchmark.measure(arm, seed).items():
                found[test_set].setdefault(arm, []).append(path)
    for test_set, by_arm in found.items():
        print("\n".join(describe(by_arm, test_set)))


if __name__ == "__main__":
    main()
