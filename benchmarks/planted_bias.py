"""Plant a bias in a corpus, and measure what counterfactual augmentation leaves of it.

.venv/bin/python benchmarks/planted_bias.py --folder DIR [--share 0.95] [--seeds 3] [--steps 200]

The corpus has the sentences that the set occupations-en-de leaves out: its templates with its
other occupations. In `--share` of them the person has the gender that is usually imagined in the
occupation. A small T5 is trained on it from scratch, as it is and with
`data.augment.counterfactual` by a table of all its words, and asked for the gap between pro- and
anti-stereotypical items of combinations that it has not seen; BLEU is that of sentences in which
both genders are equally frequent. Templates with an accusative are left out, because the feminine
accusative does not tell which masculine form belongs to it.

A table of all trainings ends it; a finished training is not repeated by the same command.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

import t5tune
from t5tune.data.contrastive_sets import expand_set
from t5tune.files.json_values import read_object
from t5tune.scoring.contrastive_accuracy import PRO, ContrastiveItem

SET = "occupations-en-de"
PRONOUNS = (("he", "she"), ("his", "her"))
FORMS = {
    "he": (("er", "sie"),),
    "his": (("sein", "ihr"), ("seine", "ihre"), ("seinen", "ihren"), ("seiner", "ihrer")),
}
ARMS = ("none", "counterfactual")


def read_nouns() -> list[tuple[str, str]]:
    """Return the masculine and the feminine noun of each occupation."""
    text = files("t5tune.data").joinpath("contrastive", f"{SET}.yaml").read_text("utf-8")
    return [(one["masculine"], one["feminine"]) for one in yaml.safe_load(text)["occupations"]]


def without_accusative(
    items: Iterator[ContrastiveItem], nouns: Sequence[tuple[str, str]]
) -> list[ContrastiveItem]:
    """Return the items whose occupation is not in the accusative."""
    forms = tuple(f"den {masculine}" for masculine, _ in nouns)
    return [
        item
        for item in items
        if not any(form in text for text in (item.right, *item.wrong) for form in forms)
    ]


def write_corpus(folder: Path, share: float) -> None:
    """Write the splits, the probe and the table of counterparts."""
    nouns = read_nouns()
    folder.mkdir(parents=True, exist_ok=True)
    probe = without_accusative(expand_set(SET), nouns)
    rest = without_accusative(expand_set(SET, others=True), nouns)
    draw = random.Random(1)
    pairs = [rest[i : i + 2] for i in range(0, len(rest), 2)]  # both genders of one sentence
    draw.shuffle(pairs)
    held_out, pairs = pairs[:150], pairs[150:]
    chosen = []
    for pair in pairs:
        pro, anti = sorted(pair, key=lambda item: PRO not in item.categories)
        chosen.append(pro if draw.random() < share else anti)
    balanced = [item for pair in held_out for item in pair]
    for name, items in (
        ("train", chosen),
        ("validation", balanced[:100]),
        ("test", balanced[100:]),
    ):
        rows = "".join(f"{item.source}\t{item.right}\n" for item in items)
        (folder / f"{name}.tsv").write_text("en\tde\n" + rows, encoding="utf-8")
    lines = [json.dumps(_to_row(item), ensure_ascii=False) + "\n" for item in probe]
    (folder / "probe.jsonl").write_text("".join(lines), encoding="utf-8")
    rows = [(*english, *german) for english in PRONOUNS for german in FORMS[english[0]]]
    for masculine, feminine in nouns:
        for articles in (("der", "die"), ("dem", "der")):
            rows.append(("", "", f"{articles[0]} {masculine}", f"{articles[1]} {feminine}"))
    text = "".join("\t".join(row) + "\n" for row in rows)
    (folder / "he-she.tsv").write_text(text, encoding="utf-8")


def _to_row(item: ContrastiveItem) -> dict[str, Any]:
    return {
        "source": item.source,
        "right": item.right,
        "wrong": list(item.wrong),
        "category": list(item.categories),
        "group": item.group,
    }


def build_recipe(folder: Path, arm: str, seed: int, steps: int) -> dict[str, Any]:
    """Return the recipe of one training."""
    data: dict[str, Any] = {
        split: {"file": str(folder / f"{split}.tsv")} for split in ("train", "validation", "test")
    }
    if arm == "counterfactual":
        table = str(folder / "he-she.tsv")
        data["augment"] = {"counterfactual": {"share": 0.5, "file": table}}
    return {
        "name": f"{arm}-{seed}",
        "task": "translation",
        "source_lang": "en",
        "target_lang": "de",
        "model": {
            "from_scratch": {
                "d_model": 96, "d_ff": 192, "num_layers": 2, "num_heads": 4,
                "tokenizer": {"type": "unigram", "vocab_size": 700},
            }
        },
        "data": data,
        "training": {
            "max_steps": steps, "eval_steps": steps, "tokens_per_batch": 2048, "seed": seed,
        },
        "evaluation": {"contrastive": str(folder / "probe.jsonl")},
        "export": "none",
    }  # fmt: skip


def measure(folder: Path, arm: str, seed: int, steps: int) -> dict[str, Any]:
    """Train, unless it is done, and return what the report says."""
    directory = folder / "runs" / f"{arm}-{seed}-{steps}"
    t5tune.train(build_recipe(folder, arm, seed, steps), output_dir=directory)
    report = read_object(directory / "eval" / "test" / "report.json")
    section = next(one for one in report["beside"] if one["name"] == "contrastive")
    (found,) = section["values"]["sets"]
    accuracies = {one["category"]: one["value"] for one in found["accuracies"]}
    return {"bleu": report["scores"][0]["value"], "gap": found["gap"], "accuracies": accuracies}


def main() -> None:
    """Run all trainings and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--share", type=float, default=0.95)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=200)
    arguments = parser.parse_args()
    folder = arguments.folder.resolve()
    write_corpus(folder, arguments.share)
    rows: dict[str, list[dict[str, Any]]] = {arm: [] for arm in ARMS}
    for seed in range(1, arguments.seeds + 1):
        for arm in ARMS:
            rows[arm].append(measure(folder, arm, seed, arguments.steps))
    print("| arm | seed | BLEU | pro | anti | gap | 95 % interval | p |")
    print("|---|---|---|---|---|---|---|---|")
    for arm, found in rows.items():
        for seed, row in enumerate(found, start=1):
            gap, of = row["gap"], row["accuracies"]
            low, high = gap["confidence_interval"]
            print(
                f"| {arm} | {seed} | {row['bleu']:.2f} | {of[PRO]:.1f} | "
                f"{of['anti-stereotypical']:.1f} | {gap['value']:+.1f} | {low:+.1f} to {high:+.1f} "
                f"| {gap['p_value']:.4f} |"
            )
        gaps = [row["gap"]["value"] for row in found]
        bleu = statistics.fmean(row["bleu"] for row in found)
        print(f"| {arm} | mean | {bleu:.2f} | | | {statistics.fmean(gaps):+.1f} | | |")


if __name__ == "__main__":
    main()
