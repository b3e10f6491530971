"""Measure one model for several languages against a model for each: spelling to pronunciation.

.venv/bin/python benchmarks/languages.py --data DIR --folder FOLDER --steps N [--seeds 3]
    [--languages dut,geo,fre,bul,hbs_latn,arm_e] [--change KEY=VALUE ...]

DIR has LANGUAGE_train.tsv, LANGUAGE_dev.tsv and LANGUAGE_test.tsv of each language. The recipe is
`g2p` with greedy search. A model of one language trains for N steps, the model of all of them for N
steps times their number, with batches of the same size: both ways take the same time in total. A
tag, which the vocabulary has as one token, tells the model of all whose word it reads.

FOLDER keeps the runs, and the same command again trains what is missing. At the end is a table of
the share of test words with any error, which the field calls word error rate: mean and standard
deviation over the seeds, for each language and on average.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import t5tune
from t5tune.files.json_values import read_object
from t5tune.recipe.catalog import find_recipe
from t5tune.recipe.yaml_lines import parse_yaml
from t5tune.run.directory import RunDirectory

# Test words with an error, in percent: the baseline of SIGMORPHON 2021 task 1 (medium), an
# ensemble.
PUBLISHED = {
    "dut": 14.70, "geo": 0.00, "fre": 8.50, "bul": 18.30, "hbs_latn": 32.10, "arm_e": 7.00
}  # fmt: skip
PHONES = "ipa"  # the target of every direction
STEMS = {"train": "train", "validation": "dev", "test": "test"}
SCORE = "exact_match"
Rates = dict[str, float]


def build_recipe(options: argparse.Namespace, languages: list[str]) -> dict[str, Any]:
    """Return the recipe of a model for some languages."""
    path = find_recipe("g2p")
    recipe: dict[str, Any] = parse_yaml(path.read_text(encoding="utf-8"), path.name).value
    for split, stem in STEMS.items():
        columns = recipe["data"][split]["columns"]
        entries = [
            {"file": str(options.data / f"{one}_{stem}.tsv"), "columns": columns}
            for one in languages
        ]
        if len(languages) > 1:  # so that each direction is told by its tag
            for entry, language in zip(entries, languages, strict=True):
                entry |= {"source_lang": language, "target_lang": PHONES}
        recipe["data"][split] = entries if len(entries) > 1 else entries[0]
    if len(languages) > 1:
        recipe |= {"task": "translation", "source_lang": languages[0], "target_lang": PHONES}
    recipe["decoding"]["num_beams"] = 1
    recipe["export"] = "none"
    return recipe


def read_error_rates(run: RunDirectory, languages: list[str]) -> Rates:
    """Return the share of test words with an error, in percent, by language."""
    report = read_object(run.report("test"))
    beside: Mapping[str, Any] = {one["name"]: one["values"] for one in report.get("beside", ())}
    found = {languages[0]: report["scores"]}
    for language in languages if "directions" in beside else ():
        found[language] = beside["directions"][f"{language}-{PHONES}"]
    return {
        language: 100.0 - next(one["value"] for one in scores if one["name"] == SCORE)
        for language, scores in found.items()
    }


def train(options: argparse.Namespace, name: str, languages: list[str], seed: int) -> Rates:
    """Return the error rates of a model, which is trained if it is not in the folder."""
    result = t5tune.train(
        build_recipe(options, languages),
        f"training.max_steps={options.steps * len(languages)}",
        f"training.seed={seed}",
        *options.change,
        output_dir=options.folder / f"{name}-{seed}",
    )
    if result.stopped_by is not None:
        raise SystemExit(128 + result.stopped_by)
    rates = read_error_rates(result.run, languages)
    print(f"{name} seed {seed}: {rates}", flush=True)
    return rates


def measure(options: argparse.Namespace) -> list[dict[str, Rates]]:
    """Return the error rates of each seed: by way, which is `each` or `all`, and language."""
    found = []
    for seed in range(1, options.seeds + 1):
        each: Rates = {}
        for language in options.languages:
            each |= train(options, language, [language], seed)
        found.append({"each": each, "all": train(options, "all", options.languages, seed)})
    return found


def describe(found: list[dict[str, Rates]], languages: list[str]) -> Iterator[str]:
    """Return the lines of the table."""
    yield f"{'language':<12}{'published':>10}{'a model for each':>22}{'a model for all':>22}"
    for language in [*languages, "mean"]:
        chosen = languages if language == "mean" else [language]
        cells = []
        for way in ("each", "all"):
            values = [statistics.mean(one[way][name] for name in chosen) for one in found]
            deviation = f" ± {statistics.stdev(values):.2f}" if len(values) > 1 else ""
            cells.append(f"{statistics.mean(values):.2f}{deviation}")
        known = [PUBLISHED[name] for name in chosen if name in PUBLISHED]
        published = f"{statistics.mean(known):.2f}" if len(known) == len(chosen) else ""
        yield f"{language:<12}{published:>10}{cells[0]:>22}{cells[1]:>22}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--steps", type=int, required=True, help="of a model of one language")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--languages", default=",".join(PUBLISHED))
    parser.add_argument("--change", action="append", default=[], metavar="KEY=VALUE")
    options = parser.parse_args()
    options.data, options.languages = options.data.resolve(), options.languages.split(",")
    print("\n".join(describe(measure(options), options.languages)))


if __name__ == "__main__":
    main()
