"""Hold rules of `data.cleaning` against filters of OpusFilter: what both leave out, and what one.

.venv/bin/python benchmarks/cleaning_opusfilter.py --data DIR [--opusfilter COMMAND]
    [--pairs 10000] [--share 0.02] [--seed 1] [--examples 3]

OpusFilter has an environment of its own (`pip install opusfilter==3.3.1`), whose command
`opusfilter` is asked. Noise of every kind is planted into the first pairs of each corpus, as
benchmarks/cleaning.py does, and each rule and each filter judges all distinct pairs alone.
"""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import yaml
from cleaning import CORPORA, LANGUAGES, Pair, Planter, read_corpus, read_foreign

from t5tune.data.cleaning.cleaner import build_cleaner
from t5tune.recipe.sections.cleaning_section import RULE_NAMES, CleaningSection

# A filter for each rule, with settings that come closest.
FILTERS: dict[str, dict[str, Any]] = {
    "html": {"HtmlTagFilter": {}},
    "too_long": {"LengthFilter": {"unit": "char", "min_length": 0, "max_length": 1000}},
    "length_ratio": {"LengthRatioFilter": {"unit": "char", "threshold": 3}},
    "source_copied": {"SimilarityFilter": {"threshold": 0.9}},
    "script_mismatch": {
        "CharacterScoreFilter": {"scripts": ["Latin", "Latin"], "thresholds": [0.5, 0.5]}
    },
    "repeated_text": {"RepetitionFilter": {}},
    "number_mismatch": {"NonZeroNumeralsFilter": {"threshold": 0.5}},
}


def plant(data: Path, name: str, options: argparse.Namespace) -> dict[Pair, str]:
    """Return the distinct pairs of a corpus with noise, and the rule that each is planted for."""
    pairs = read_corpus(data, name)[: options.pairs]
    draw = random.Random(options.seed)
    planter = Planter(pairs, read_foreign(data), draw)
    rows = draw.sample(range(len(pairs)), len(pairs))
    num = int(options.share * len(pairs))
    found = dict.fromkeys(pairs, "")
    for number, rule in enumerate(RULE_NAMES):
        for pair in planter.plant(rule, rows[number * num : (number + 1) * num]).values():
            found.setdefault(pair, rule)
    return found


def ask_opusfilter(command: str, pairs: list[Pair]) -> dict[str, set[Pair]]:
    """Return what each filter leaves out."""
    with tempfile.TemporaryDirectory() as folder:
        write_pairs(Path(folder), "all", pairs)
        steps = [
            {
                "type": "filter",
                "parameters": {
                    "inputs": ["all.0", "all.1"],
                    "outputs": [f"{rule}.0", f"{rule}.1"],
                    "filters": [filter_],
                    "filterfalse": True,
                },
            }
            for rule, filter_ in FILTERS.items()
        ]
        recipe = Path(folder) / "recipe.yaml"
        recipe.write_text(yaml.safe_dump({"common": {"output_directory": folder}, "steps": steps}))
        subprocess.run([command, str(recipe)], check=True, capture_output=True)
        return {rule: read_pairs(Path(folder), rule) for rule in FILTERS}


def write_pairs(folder: Path, stem: str, pairs: list[Pair]) -> None:
    for side in range(2):
        text = "".join(f"{pair[side]}\n" for pair in pairs)
        (folder / f"{stem}.{side}").write_text(text, encoding="utf-8")


def read_pairs(folder: Path, stem: str) -> set[Pair]:
    sides = [
        (folder / f"{stem}.{side}").read_text(encoding="utf-8").split("\n")[:-1]
        for side in range(2)
    ]
    return set(zip(*sides, strict=True))


def ask_rule(rule: str, pairs: list[Pair]) -> set[Pair]:
    cleaner = build_cleaner(CleaningSection.model_validate({rule: True}), LANGUAGES)
    assert cleaner is not None
    return {pair for pair in pairs if cleaner.drops[rule](*pair)}


def compare(name: str, options: argparse.Namespace) -> None:
    planted = plant(options.data, name, options)
    pairs = [(source.strip(), target.strip()) for source, target in planted]
    kinds = dict(zip(pairs, planted.values(), strict=True))
    for rule, theirs in ask_opusfilter(options.opusfilter, pairs).items():
        ours = ask_rule(rule, pairs)
        theirs &= kinds.keys()
        noise = {pair for pair in pairs if kinds[pair] == rule}
        print(
            f"| {name} | `{rule}` | `{next(iter(FILTERS[rule]))}` | {len(noise):,} | "
            f"{len(noise & ours):,} | {len(noise & theirs):,} | {len(ours & theirs):,} | "
            f"{len(ours - theirs):,} | {len(theirs - ours):,} |",
            flush=True,
        )
        for whose, only in (("t5tune", ours - theirs), ("OpusFilter", theirs - ours)):
            for pair in sorted(only - noise)[: options.examples]:
                print(f"    only {whose}: {[text[:100] for text in pair]}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--opusfilter", default="opusfilter", metavar="COMMAND")
    parser.add_argument("--pairs", type=int, default=10000)
    parser.add_argument("--share", type=float, default=0.02)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--examples", type=int, default=0, help="pairs that only one leaves out")
    options = parser.parse_args()
    if shutil.which(options.opusfilter) is None:
        print(f"{options.opusfilter} is not installed, so nothing is compared.")
        return
    columns = ("corpus", "rule", "filter", "planted", "rule finds", "filter finds",
               "both leave out", "rule alone", "filter alone")  # fmt: skip
    print(f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    for name in CORPORA:
        compare(name, options)


if __name__ == "__main__":
    main()
