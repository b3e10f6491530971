"""Writes the English-German phrasebook: train.tsv, validation.tsv and test.tsv.

Sentences come from the constructions in ``sentences.py``, ``subordinate.py``, ``restaurant.py``,
``travel.py`` and ``people.py``. A fixed share of all pairs of content words is held out: no
training sentence contains such a pair, every validation and test sentence contains at least one,
and yet each of its words is well known from training. Test so asks for combinations that were
never seen together.

Long sentences can differ in such a pair and yet be nearly the same. What t5tune's own search for
leaks finds in the training data is therefore neither a validation nor a test sentence.
"""

from __future__ import annotations

import argparse
import re
import sys
import zlib
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import combinations, pairwise
from pathlib import Path

import people
import restaurant
import sentences
import subordinate
import travel
from sacrebleu import corpus_bleu
from sampler import Sampler

from t5tune.data.examples import Examples
from t5tune.data.overlap_index import OverlapIndex
from t5tune.data.pairs import Pairs

SEED = 20
SIZES = {"train": 10200, "validation": 300, "test": 500}
MAX_BYTES = 1_000_000
MIN_WORD_FORMS = 1000
MIN_OCCURRENCES = 8
HELD_OUT_SHARE = 0.04
WORD = re.compile(r"[^\W\d_]+")
Pair = tuple[str, str]


@dataclass
class Phrasebook:
    """The three splits, and the content-word pairs of each sentence by its English side."""

    splits: dict[str, list[Pair]] = field(default_factory=dict)
    pairs: dict[str, frozenset[Pair]] = field(default_factory=dict)


def held_out(first: str, second: str) -> bool:
    """Return whether two content words must not meet in a training sentence.

    The choice depends on the words alone, so it is the same for every seed.
    """
    digest = zlib.crc32("+".join(sorted((first, second))).encode())
    return digest % 1000 < HELD_OUT_SHARE * 1000


def content_pairs(keys: list[str]) -> frozenset[Pair]:
    """Return all unordered pairs of the content words of a sentence."""
    ordered = sorted(set(keys))
    return frozenset(combinations(ordered, 2))


def words(text: str) -> list[str]:
    """Return the lower-cased alphabetic tokens of a text."""
    return WORD.findall(text.lower())


class Generator:
    """Draws sentences and deals them out to the splits."""

    def __init__(self, seed: int) -> None:
        """Start from a seed."""
        self.sampler = Sampler(seed)
        modules = (sentences, subordinate, restaurant, travel, people)
        weighted = [entry for module in modules for entry in module.CONSTRUCTIONS]
        self.constructions = [construction for construction, _ in weighted]
        self.weights = [weight for _, weight in weighted]
        self.sources: set[str] = set()
        self.targets: set[str] = set()

    def draw(self) -> tuple[Pair, frozenset[Pair]]:
        """Return a sentence that was not drawn before, and its content-word pairs."""
        while True:
            self.sampler.start()
            (construction,) = self.sampler.random.choices(self.constructions, self.weights)
            pair = construction(self.sampler)
            if pair[0].lower() in self.sources or pair[1].lower() in self.targets:
                continue
            self.sources.add(pair[0].lower())
            self.targets.add(pair[1].lower())
            return pair, content_pairs(self.sampler.picked)

    def run(self) -> Phrasebook:
        """Return the complete phrasebook."""
        book = Phrasebook({name: [] for name in SIZES})
        unseen: list[Pair] = []
        while len(book.splits["train"]) < SIZES["train"]:
            pair, pairs = self.draw()
            book.pairs[pair[0]] = pairs
            is_unseen = any(held_out(*combination) for combination in pairs)
            (unseen if is_unseen else book.splits["train"]).append(pair)
        known = frequent_words(book.splits["train"])
        fitting = [pair for pair in unseen if known.issuperset(words(" ".join(pair)))]
        self.sampler.random.shuffle(fitting)
        wanted = SIZES["validation"] + SIZES["test"]
        while len(fitting) >= wanted:
            book.splits["validation"] = fitting[: SIZES["validation"]]
            book.splits["test"] = fitting[SIZES["validation"] : wanted]
            leaks = find_leaks(book)
            if not leaks:
                return book
            fitting = [pair for pair in fitting if pair not in leaks]
        raise ValueError(f"only {len(fitting)} of {wanted} sentences with held-out pairs")


def find_leaks(book: Phrasebook) -> set[Pair]:
    """Return the validation and test sentences that t5tune takes for training sentences."""
    sets = {name: book.splits[name] for name in ("validation", "test")}
    index = OverlapIndex(
        [Examples(name, [en for en, _ in of], [[de] for _, de in of]) for name, of in sets.items()]
    )
    train = book.splits["train"]
    found = index.search(Pairs([en for en, _ in train], [de for _, de in train])).matches
    numbered = [pair for pairs in sets.values() for pair in pairs]
    return {numbered[number] for number in found}


def frequent_words(train: list[Pair]) -> set[str]:
    """Return the word forms that occur often enough in training to be learnt."""
    counts = Counter(word for pair in train for word in words(" ".join(pair)))
    return {word for word, count in counts.items() if count >= MIN_OCCURRENCES}


def _features(text: str) -> set[str]:
    tokens = words(text)
    return {*tokens, *(" ".join(two) for two in pairwise(tokens))}


def nearest_copy_bleu(train: list[Pair], test: list[Pair]) -> float:
    """Return cased BLEU (13a) of copying the German of the most similar English training sentence.

    Similarity is the Dice coefficient of the sets of words and word pairs.
    """
    sizes = []
    index: dict[str, list[int]] = defaultdict(list)
    for number, (english, _) in enumerate(train):
        features = _features(english)
        sizes.append(len(features))
        for feature in features:
            index[feature].append(number)
    copies = []
    for english, _ in test:
        features = _features(english)
        shared = Counter(number for feature in features for number in index.get(feature, ()))
        best = max(shared, key=lambda n: (2 * shared[n] / (sizes[n] + len(features)), -n))
        copies.append(train[best][1])
    return float(corpus_bleu(copies, [[german for _, german in test]]).score)


def check(book: Phrasebook) -> list[str]:
    """Return what is wrong with a phrasebook; empty when it keeps all its promises."""
    problems = []
    for side, language in enumerate(("source", "target")):
        seen: set[str] = set()
        for name, pairs in book.splits.items():
            here = {pair[side] for pair in pairs}
            if len(here) < len(pairs) or here & seen:
                problems.append(f"{name} repeats a {language} sentence")
            seen |= here
        forms = {w for pairs in book.splits.values() for pair in pairs for w in words(pair[side])}
        if len(forms) < MIN_WORD_FORMS:
            problems.append(f"only {len(forms)} {language} word forms")
    met = {two for english, _ in book.splits["train"] for two in book.pairs[english]}
    known = frequent_words(book.splits["train"])
    for name in ("validation", "test"):
        for pair in book.splits[name]:
            if book.pairs[pair[0]] <= met:
                problems.append(f"{name}: no new combination in {pair[0]!r}")
            if not known.issuperset(words(" ".join(pair))):
                problems.append(f"{name}: a rare word in {pair[0]!r}")
    problems += [f"nearly in the training data: {english!r}" for english, _ in find_leaks(book)]
    size = sum(len(text.encode()) for text in tables(book).values())
    if size > MAX_BYTES:
        problems.append(f"{size} bytes, more than {MAX_BYTES}")
    return problems


def tables(book: Phrasebook) -> dict[str, str]:
    """Return the text of each file."""
    return {
        f"{name}.tsv": "".join(
            f"{english}\t{german}\n" for english, german in [("en", "de"), *pairs]
        )
        for name, pairs in book.splits.items()
    }


def summary(book: Phrasebook) -> str:
    """Return counts and the score of the nearest-sentence baseline."""
    lines = [f"{name}: {len(pairs)} pairs" for name, pairs in book.splits.items()]
    everything = [pair for pairs in book.splits.values() for pair in pairs]
    for side, language in enumerate(("English", "German")):
        tokens = [word for pair in everything for word in words(pair[side])]
        lines.append(f"{language}: {len(set(tokens))} word forms, {len(tokens)} words")
    lines.append(f"bytes: {sum(len(text.encode()) for text in tables(book).values())}")
    score = nearest_copy_bleu(book.splits["train"], book.splits["test"])
    lines.append(f"copying the nearest training sentence: {score:.2f} BLEU on test")
    return "\n".join(lines)


def main(argv: list[str] | None = None) -> int:
    """Generate the phrasebook; write it, or only check it with ``--check``."""
    parser = argparse.ArgumentParser(description="Generate the English-German phrasebook.")
    parser.add_argument("--output-dir", type=Path, default=Path(__file__).parent)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--check", action="store_true", help="compare the files, write nothing")
    arguments = parser.parse_args(argv)
    book = Generator(arguments.seed).run()
    problems = check(book)
    for name, text in tables(book).items():
        path = arguments.output_dir / name
        if not arguments.check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
        elif not path.is_file() or path.read_bytes() != text.encode():
            problems.append(f"{path} is not what this script makes")
    print(summary(book))
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
