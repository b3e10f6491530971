"""Measure what the rules of `data.cleaning` find of noise that is planted, and what they cost.

.venv/bin/python benchmarks/cleaning.py --data DIR [--share 0.05] [--seed 1] [--rules A,B]
.venv/bin/python benchmarks/cleaning.py --data DIR --pairs 1000000
.venv/bin/python benchmarks/cleaning.py --data DIR --train FOLDER --steps N [--seeds 3]
    [--share 0.02] [--change KEY=VALUE ...]

DIR has the folders multi30k/ and news_en_de/. Without more, noise of one kind is planted into a
share of the training pairs of each corpus, and its rule alone judges all of them, with the settings
that it has by default. Recall is the share of the planted pairs that it leaves out, precision the
share of planted ones in what it leaves out: what it finds in the corpus itself counts as wrong.
Entities of HTML, which the tokenizer of news_en_de has written, become characters before.

With --pairs, `standard` judges that many pairs with all cores: those of both corpora, and then
halves of two of them put together, which have the same words and lengths and are hardly ever equal.
Printed are wall time, and seconds of processors with those of all copies.

With --train, noise of every kind is put in place of pairs of Multi30k, --share of each kind, and
benchmarks/remedies.py trains on the corpus without noise, with noise, and with noise and
`data.cleaning: standard`, in turns, with equal steps and greedy search; it ends with BLEU and
paired tests. FOLDER keeps noisy files and results; the same command again resumes.
"""

from __future__ import annotations

import argparse
import html
import json
import random
import re
import resource
import subprocess
import sys
import time
from bisect import bisect
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from t5tune.data.cleaning.cleaner import build_cleaner
from t5tune.data.cleaning.kept_rows import find_kept_rows
from t5tune.data.pairs import Pairs
from t5tune.recipe.sections.cleaning_section import RULE_NAMES, STANDARD_RULES, CleaningSection

HERE = Path(__file__).resolve().parent
LANGUAGES = ("en", "de")
CHUNK = 2000
CORPORA = {
    "multi30k": ("train.en", "train.de"),
    "news_en_de": ("src-train.txt", "tgt-train.txt"),
}
CYRILLIC = str.maketrans("abcdefghijklmnoprstuvwyz", "абцдефгхийклмнопрстувщыз")

Pair = tuple[str, str]


class Planter:
    """Makes noise of pairs of a corpus.

    Args:
        pairs: Pairs of the corpus.
        foreign: Texts in a third language.
        draw: Source of the noise.
    """

    def __init__(self, pairs: Sequence[Pair], foreign: Sequence[str], draw: random.Random) -> None:
        self.pairs = pairs
        self.foreign = foreign
        self.draw = draw
        self.others: list[int] = []  # rows without noise

    def plant(self, rule: str, rows: Sequence[int]) -> dict[int, Pair]:
        """Return the noise of a rule for these rows, without those that allow none."""
        make: Callable[[int], Pair | None] = getattr(self, rule)
        self.others = sorted(set(range(len(self.pairs))).difference(rows))
        made = ((row, make(row)) for row in rows)
        return {row: pair for row, pair in made if pair is not None}

    def blank(self, row: int) -> Pair:
        return self._on_one_side(row, lambda _: self.draw.choice(["", " \t", "\u200b", "\ufeff "]))

    def control_characters(self, row: int) -> Pair:
        def spoil(text: str) -> str:
            place = self.draw.randrange(len(text) + 1)
            return (
                text[:place] + self.draw.choice("\x00\x07\x1b\x82\x96\ufffd\ue000") + text[place:]
            )

        return self._on_one_side(row, spoil)

    def html(self, row: int) -> Pair:
        def mark(text: str) -> str:
            words = text.split(" ")
            place = self.draw.randrange(len(words))
            form = self.draw.choice(
                ["<b>{}</b>", '<a href="x.html">{}', "{}<br/>", "{}&nbsp;", "&quot;{}", "</p> {}"]
            )
            words[place] = form.format(words[place])
            return " ".join(words)

        return self._on_one_side(row, mark)

    def too_long(self, row: int) -> Pair:
        sides: list[str] = list(self.pairs[row])
        while len(sides[0]) <= 1000 and len(sides[1]) <= 1000:
            other = self.draw.choice(self.pairs)
            sides = [f"{text} {more}" for text, more in zip(sides, other, strict=True)]
        return sides[0], sides[1]

    def length_ratio(self, row: int) -> Pair | None:
        """Leave one word of a text of 60 characters, or join three more texts."""
        side = self.draw.randrange(2)
        if self.draw.random() < 0.5 and len(self.pairs[row][1 - side]) >= 60:
            return self._change(row, side, lambda text: text.split(" ")[0])
        more = " ".join(self.draw.choice(self.pairs)[side] for _ in range(3))
        if len(more) < 3 * len(self.pairs[row][1 - side]):
            return None  # short texts beside a long one
        return self._change(row, side, lambda text: f"{text} {more}")

    def source_copied(self, row: int) -> Pair | None:
        source = self.pairs[row][0]
        if len(source) < 10:
            return None
        letters = list(source)
        for place in self.draw.sample(range(len(letters)), self.draw.choice([0, 1, 2])):
            letters[place] = self.draw.choice("aeiou")
        return (source, "".join(letters)) if len(letters) > 40 else (source, source)

    def script_mismatch(self, row: int) -> Pair:
        return self._on_one_side(row, lambda text: text.lower().translate(CYRILLIC))

    def wrong_language(self, row: int) -> Pair | None:
        """Swap the sides, or put a text of the other or of a third language on one of them."""
        source, target = self.pairs[row]
        other_source, other_target = self.draw.choice(self.pairs)
        foreign = self.draw.choice(self.foreign)
        pairs = [(target, source), (other_target, target), (source, other_source),
                 (foreign, target), (source, foreign)]  # fmt: skip
        pair = self.draw.choice(pairs)
        return pair if all(sum(map(str.isalpha, text)) >= 20 for text in pair) else None

    def repeated_text(self, row: int) -> Pair:
        def loop(text: str) -> str:
            words = text.split(" ")
            last = words[-self.draw.choice([1, 2, 3]) :]
            return " ".join([*words, *last * self.draw.randrange(5, 12)])

        return self._on_one_side(row, loop)

    def number_mismatch(self, row: int) -> Pair | None:
        """Write another number of as many digits for one that both sides have."""
        source, target = self.pairs[row]
        shared = set(re.findall(r"\d+", source)) & set(re.findall(r"\d+", target))
        if not shared:
            return None
        old = self.draw.choice(sorted(shared))
        new = old
        while new.lstrip("0") == old.lstrip("0") or new in source:
            new = "".join(self.draw.choice("123456789") for _ in old)
        return source, re.sub(rf"(?<!\d){old}(?!\d)", new, target)

    def duplicates(self, row: int) -> Pair | None:
        return self._repeat(row)

    def normalized_duplicates(self, row: int) -> Pair | None:
        earlier = self._repeat(row)
        if earlier is None:
            return None
        source, target = earlier
        change: Callable[[str], str] = self.draw.choice(
            [str.upper, lambda text: text.rstrip(" .!?"), lambda text: text.replace(" ", "  ")]
        )
        return change(source), change(target)

    def _repeat(self, row: int) -> Pair | None:
        """Return an earlier pair that stays as it is."""
        num = bisect(self.others, row)
        return self.pairs[self.others[self.draw.randrange(num)]] if num else None

    def _on_one_side(self, row: int, change: Callable[[str], str]) -> Pair:
        return self._change(row, self.draw.randrange(2), change)

    def _change(self, row: int, side: int, change: Callable[[str], str]) -> Pair:
        source, target = self.pairs[row]
        return (change(source), target) if side == 0 else (source, change(target))


def read_corpus(data: Path, name: str) -> list[Pair]:
    """Return the training pairs of a corpus without blank ones."""
    sides = [
        (data / name / file).read_text(encoding="utf-8").rstrip("\n").split("\n")
        for file in CORPORA[name]
    ]
    if name == "news_en_de":
        sides = [list(map(html.unescape, side)) for side in sides]
    return [pair for pair in zip(*sides, strict=True) if all(text.strip() for text in pair)]


def read_foreign(data: Path) -> list[str]:
    """Return Romanian sentences of some length."""
    found: set[str] = set()
    for file in sorted((data / "samples").glob("wmt_en_ro_*.json")):
        for line in file.read_text(encoding="utf-8").splitlines():
            text = json.loads(line)["translation"]["ro"]
            found.update(one for one in re.split(r"(?<=[.?!]) ", text) if 40 <= len(one) <= 200)
    return sorted(found)


def chunk(pairs: Sequence[Pair]) -> Iterator[Pairs]:
    for start in range(0, len(pairs), CHUNK):
        part = pairs[start : start + CHUNK]
        yield Pairs([source for source, _ in part], [target for _, target in part])


def measure_rule(
    rule: str, pairs: Sequence[Pair], planted: dict[int, Pair]
) -> tuple[int, int, int, int]:
    """Return the numbers of pairs that are planted, found, left out wrongly, and not planted."""
    noisy = [planted.get(row, pair) for row, pair in enumerate(pairs)]
    cleaner = build_cleaner(CleaningSection.model_validate({rule: True}), LANGUAGES)
    assert cleaner is not None
    dropped = set(np.flatnonzero(~find_kept_rows(cleaner, chunk(noisy)).is_kept).tolist())
    found = len(dropped & planted.keys())
    return len(planted), found, len(dropped) - found, len(pairs) - len(planted)


def measure_rules(data: Path, rules: Sequence[str], share: float, seed: int) -> None:
    print("| corpus | rule | planted | recall | precision | left out of the rest |")
    print("|---|---|---|---|---|---|")
    for name in CORPORA:
        pairs = read_corpus(data, name)
        for rule in rules:
            draw = random.Random(f"{seed} {name} {rule}")
            rows = draw.sample(range(len(pairs)), int(share * len(pairs)))
            if rule == "number_mismatch":  # few pairs have numbers
                rows = [row for row in draw.sample(range(len(pairs)), len(pairs))
                        if re.search(r"\d", pairs[row][0])][: len(rows)]  # fmt: skip
            planted = Planter(pairs, read_foreign(data), draw).plant(rule, rows)
            num, found, wrong, rest = measure_rule(rule, pairs, planted)
            print(
                f"| {name} | `{rule}` | {num:,} | {100 * found / num:.1f} % | "
                f"{100 * found / max(1, found + wrong):.1f} % | {wrong:,} of {rest:,} |",
                flush=True,
            )


def recombine(pairs: Sequence[Pair], num: int) -> Iterator[Pair]:
    """Yield pairs of the first half of one pair and the second half of another."""
    draw = random.Random(2)
    for _ in range(num):
        (one, two), (other, last) = draw.choice(pairs), draw.choice(pairs)
        yield _join_halves(one, other), _join_halves(two, last)


def _join_halves(first: str, second: str) -> str:
    words, others = first.split(), second.split()
    return " ".join(words[: len(words) // 2] + others[len(others) // 2 :])


def measure_time(data: Path, num_pairs: int) -> None:
    pairs = [pair for name in CORPORA for pair in read_corpus(data, name)]
    random.Random(1).shuffle(pairs)
    many = pairs[:num_pairs] + list(recombine(pairs, num_pairs - len(pairs)))
    rules = dict.fromkeys(STANDARD_RULES, True)
    cleaner = build_cleaner(CleaningSection.model_validate(rules), LANGUAGES)
    assert cleaner is not None
    cleaner.judge(next(chunk(pairs)))  # loads the model of languages
    start, before = time.perf_counter(), count_processor_seconds()
    report = find_kept_rows(cleaner, chunk(many)).report
    seconds, processor = time.perf_counter() - start, count_processor_seconds() - before
    print("; ".join(report.describe()))
    print(f"{num_pairs:,} pairs: {seconds:.1f} s, {processor:.1f} s of processors")


def count_processor_seconds() -> float:
    """Return the seconds in user mode of this process and of its copies that have ended."""
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime for usage in usages)


def train(options: argparse.Namespace, others: Sequence[str]) -> None:
    folder = options.train.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    pairs = read_corpus(options.data, "multi30k")
    draw = random.Random(options.seed)
    planter = Planter(pairs, read_foreign(options.data), draw)
    rows = draw.sample(range(len(pairs)), len(pairs))
    noisy = dict(enumerate(pairs))
    num = int(options.share * len(pairs))
    for number, rule in enumerate(RULE_NAMES):
        noisy |= planter.plant(rule, rows[number * num : (number + 1) * num])
    arms: dict[str, list[str]] = {"noisy": [], "cleaned": ["data.cleaning=standard"]}
    for side, language in enumerate(LANGUAGES):
        # Other noise is another file, and so another training.
        file = folder / f"noisy-{options.share}-{options.seed}.{language}"
        file.write_text("".join(f"{pair[side]}\n" for pair in noisy.values()), encoding="utf-8")
        key = ("source_file", "target_file")[side]
        for changes in arms.values():
            changes.append(f"data.train.{key}={file}")
    command = [
        sys.executable, str(HERE / "remedies.py"), "--task", "multi30k",
        "--arms", ",".join(["none", *arms]), "--data", str(options.data / "multi30k"),
        "--results", str(folder / "results.jsonl"), "--change", "decoding.num_beams=1",
    ]  # fmt: skip
    for arm, changes in arms.items():
        for change in changes:
            command += ["--arm", f"{arm}={change}"]
    subprocess.run([*command, *others], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--rules", default=",".join(RULE_NAMES), help="with commas")
    parser.add_argument("--share", type=float)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pairs", type=int)
    parser.add_argument("--train", type=Path, metavar="FOLDER")
    options, others = parser.parse_known_args()
    if options.train is not None:
        options.share = options.share or 0.02
        train(options, others)
    elif options.pairs is not None:
        measure_time(options.data, options.pairs)
    else:
        rules = options.rules.split(",")
        measure_rules(options.data, rules, options.share or 0.05, options.seed)


if __name__ == "__main__":
    main()
