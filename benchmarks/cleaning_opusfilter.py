"""Hold rules of `data.cleaning` against filters of OpusFilter: what both leave out, and what one.

.venv/bin/python benchmarks/cleaning_opusfilter.py --data DIR [--opusfilter COMMAND]
    [--pairs 10000] [--share 0.02] [--seed 1] [--examples 3]

OpusFilter has an environment of its own (`pip install opusfilter==3.3.1 "py3langid<0.3"`), whose
command `opusfilter` is asked. Noise of every kind is planted into the first pairs of each corpus,
as benchmarks/cleaning.py does, and each rule and each filter judges all distinct pairs alone. Rules
about pairs that occurred before have a corpus each, with noise of their own kind alone.
"""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from cleaning import CORPORA, LANGUAGES, Pair, Planter, chunk, read_corpus, read_foreign

from t5tune.data.cleaning.cleaner import build_cleaner
from t5tune.data.cleaning.kept_rows import find_kept_rows
from t5tune.recipe.sections.cleaning_section import RULE_NAMES, CleaningSection

# Rules and the filters that come closest, with their settings.
FILTERS: list[tuple[str, dict[str, Any]]] = [
    ("html", {"HtmlTagFilter": {}}),
    ("too_long", {"LengthFilter": {"unit": "char", "min_length": 0, "max_length": 1000}}),
    ("length_ratio", {"LengthRatioFilter": {"unit": "char", "threshold": 3}}),
    ("source_copied", {"SimilarityFilter": {"threshold": 0.9}}),
    (
        "script_mismatch",
        {"CharacterScoreFilter": {"scripts": ["Latin", "Latin"], "thresholds": [0.5, 0.5]}},
    ),
    ("wrong_language", {"LangidFilter": {"languages": list(LANGUAGES)}}),
    ("wrong_language", {"LinguaFilter": {"languages": list(LANGUAGES)}}),
    ("repeated_text", {"RepetitionFilter": {}}),
    ("number_mismatch", {"NonZeroNumeralsFilter": {"threshold": 0.5}}),
]
# Rules about pairs that occurred before, and the settings of `remove_duplicates`.
DUPLICATES: dict[str, dict[str, Any]] = {
    "duplicates": {},
    "normalized_duplicates": {"lowercase": True, "letters_only": True},
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


def ask_opusfilter(command: str, pairs: list[Pair]) -> list[set[Pair]]:
    """Return what each filter leaves out."""
    with tempfile.TemporaryDirectory() as folder:
        write_pairs(Path(folder), "all", pairs)
        steps = [
            {
                "type": "filter",
                "parameters": {
                    "inputs": ["all.0", "all.1"],
                    "outputs": [f"{number}.0", f"{number}.1"],
                    "filters": [filter_],
                    "filterfalse": True,
                },
            }
            for number, (_, filter_) in enumerate(FILTERS)
        ]
        run_opusfilter(command, Path(folder), steps)
        return [read_pairs(Path(folder), str(number)) for number in range(len(FILTERS))]


def ask_for_duplicates(command: str, pairs: list[Pair], settings: dict[str, Any]) -> set[int]:
    """Return the rows that OpusFilter leaves out, because their pair occurred before."""
    with tempfile.TemporaryDirectory() as folder:
        write_pairs(Path(folder), "all", pairs)
        numbers = "".join(f"{row}\n" for row in range(len(pairs)))
        (Path(folder) / "all.rows").write_text(numbers, encoding="utf-8")
        parameters = {
            "inputs": ["all.0", "all.1", "all.rows"],
            "outputs": ["kept.0", "kept.1", "kept.rows"],
            "compare": [0, 1],
            **settings,
        }
        step = {"type": "remove_duplicates", "parameters": parameters}
        run_opusfilter(command, Path(folder), [step])
        kept = (Path(folder) / "kept.rows").read_text(encoding="utf-8").split()
        return set(range(len(pairs))) - set(map(int, kept))


def run_opusfilter(command: str, folder: Path, steps: list[dict[str, Any]]) -> None:
    recipe = folder / "recipe.yaml"
    recipe.write_text(yaml.safe_dump({"common": {"output_directory": str(folder)}, "steps": steps}))
    subprocess.run([command, str(recipe)], check=True, capture_output=True)


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
    answers = ask_opusfilter(options.opusfilter, pairs)
    for (rule, filter_), theirs in zip(FILTERS, answers, strict=True):
        noise = {pair for pair in pairs if kinds[pair] == rule}
        found = Found(noise, ask_rule(rule, pairs), theirs & kinds.keys())
        title = f"| {name} | `{rule}` | `{next(iter(filter_))}` |"
        show(title, found, lambda pair: pair, options.examples)


def compare_duplicates(name: str, options: argparse.Namespace) -> None:
    """Let both leave out pairs that occurred before; noise and answers are rows."""
    corpus = read_corpus(options.data, name)[: options.pairs]
    for rule, settings in DUPLICATES.items():
        draw = random.Random(options.seed)
        planter = Planter(corpus, read_foreign(options.data), draw)
        rows = sorted(draw.sample(range(len(corpus)), int(options.share * len(corpus))))
        noise = planter.plant(rule, rows)
        pairs = [noise.get(row, pair) for row, pair in enumerate(corpus)]
        cleaner = build_cleaner(CleaningSection.model_validate({rule: True}), LANGUAGES)
        assert cleaner is not None
        kept = find_kept_rows(cleaner, chunk(pairs)).is_kept
        theirs = ask_for_duplicates(options.opusfilter, pairs, settings)
        words = "".join(f", {setting}" for setting in settings)
        title = f"| {name} | `{rule}` | `remove_duplicates`{words} |"
        found = Found(set(noise), {row for row in range(len(pairs)) if not kept[row]}, theirs)
        show(title, found, pairs.__getitem__, options.examples)


class Found(NamedTuple):
    """What was planted, and what a rule and a filter leave out: pairs, or rows."""

    noise: set[Any]
    ours: set[Any]
    theirs: set[Any]


def show(title: str, found: Found, find_pair: Callable[[Any], Pair], num_examples: int) -> None:
    noise, ours, theirs = found
    numbers = (noise, noise & ours, noise & theirs, ours & theirs, ours - theirs, theirs - ours)
    print(f"{title} {' | '.join(f'{len(one):,}' for one in numbers)} |", flush=True)
    for whose, only in (("t5tune", ours - theirs), ("OpusFilter", theirs - ours)):
        for one in sorted(only - noise)[:num_examples]:
            print(f"    only {whose}: {[text[:100] for text in find_pair(one)]}")


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
        compare_duplicates(name, options)


if __name__ == "__main__":
    main()
