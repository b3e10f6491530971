"""Write pairs of pseudo-text with the sizes of WMT14 English-German, any number of them.

.venv/bin/python benchmarks/corpus.py PATH [--pairs N] [--format tsv|text|parquet] [--seed N]
.venv/bin/python benchmarks/corpus.py PATH --tokenizer

`tsv` writes PATH with the columns en and de, `text` writes PATH.en and PATH.de, `parquet` writes
--shards files into the directory PATH, with one column `translation`, as the hub has WMT14.
`--tokenizer` trains a subword vocabulary of 32,000 pieces on such text, which takes a minute, and
saves it in the directory PATH.

WMT14 has 4,508,785 pairs of 116 million English and 110 million German words (Luong et al. 2015,
tokenized) and about 300 bytes a pair (its card on the hub); lengths are about log-normal. Words
follow Zipf's law, and a German word always stands for the same English word, so that a model could
learn it. A seed gives the same pairs each time; fewer pairs are the beginning of more. Memory does
not grow with their number.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

NUM_PAIRS = 4_508_785
CHUNK = 10_000  # pairs made at a time

_MEAN_WORDS = 22.5  # without punctuation of its own
_LOG_SPREAD = 0.60  # of the words in a source
_MAX_WORDS = 300
_LOG_RATIO, _LOG_RATIO_SPREAD = -0.07, 0.20  # of target words to source words

_NUM_WORDS = 150_000
_NUM_OPENING, _NUM_CLOSING = 2_000, 8_000  # words that begin and end a sentence
_ZIPF_TABLE = 1 << 22

# Onsets, vowels and codas of syllables; what stands twice is twice as frequent.
_ENGLISH = (
    "b c d f g h l m n p r s t w th sh ch st tr pr br cl s t c",
    "a e i o u a e i o ea ou io ee",
    "n r s t l d nd nt st ng ck ss m p ve",
)
_GERMAN = (
    "b d f g h k l m n r s t w z sch st sp pf ge be ver tr",
    "a e i o u e e i ei ie au ä ö ü eu",
    "n r s t l m ch cht nd ng rt st tz ß en er",
)
_MISSING = (2, 0, 13)  # how often a syllable has none, counted like the others
# Ranks up to which words have one, two and three syllables; the rest have four.
_ENGLISH_RANKS, _GERMAN_RANKS = (500, 14_000, 120_000), (300, 7_000, 60_000)
_MARKS = {"–": 60, "“": 150, "”": 151}  # characters outside Latin-1, by rank


class PairGenerator:
    """Makes pairs of pseudo-text.

    Args:
        seed: Number that decides vocabulary and pairs.
    """

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed
        rng = np.random.default_rng(seed)
        self._english = _build_pieces(_build_words(rng, _ENGLISH, _ENGLISH_RANKS, nouns=0.04))
        self._german = _build_pieces(_build_words(rng, _GERMAN, _GERMAN_RANKS, nouns=0.35))
        weights = 1.0 / (np.arange(_NUM_WORDS) + 2.7) ** 1.02
        shares = np.cumsum(weights) / weights.sum()
        places = (np.arange(_ZIPF_TABLE) + 0.5) / _ZIPF_TABLE
        self._ranks = np.searchsorted(shares, places).astype(np.int32)

    def chunks(self, num_pairs: int, first: int = 0) -> Iterator[tuple[list[str], list[str]]]:
        """Yield sources and targets, `CHUNK` pairs at a time, beginning with a chunk's number."""
        for number, start in enumerate(range(0, num_pairs, CHUNK), start=first):
            sources, targets = self._make_chunk(number)
            count = min(CHUNK, num_pairs - start)
            yield sources[:count], targets[:count]

    def _make_chunk(self, number: int) -> tuple[list[str], list[str]]:
        rng = np.random.default_rng([self._seed, number])
        center = math.log(_MEAN_WORDS) - _LOG_SPREAD**2 / 2
        logs = center + _LOG_SPREAD * rng.standard_normal(CHUNK)
        source_lengths = _round_lengths(logs)
        ratios = _LOG_RATIO + _LOG_RATIO_SPREAD * rng.standard_normal(CHUNK)
        target_lengths = _round_lengths(np.log(source_lengths) + ratios)
        starts = np.cumsum(source_lengths) - source_lengths
        words = self._ranks[rng.integers(_ZIPF_TABLE, size=int(source_lengths.sum()))]
        # Word n of a target translates the source's word at the same share of its length.
        steps = np.repeat(source_lengths / target_lengths, target_lengths)
        places = np.arange(len(steps)) - np.repeat(
            np.cumsum(target_lengths) - target_lengths, target_lengths
        )
        aligned = np.repeat(starts, target_lengths) + (places * steps).astype(np.int64)
        return (
            _write(words, source_lengths, self._english),
            _write(words[aligned], target_lengths, self._german),
        )


def _round_lengths(logs: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.clip(np.rint(np.exp(logs)), 2, _MAX_WORDS).astype(np.int64)


def _build_words(
    rng: np.random.Generator,
    syllables: tuple[str, str, str],
    ranks: tuple[int, int, int],
    nouns: float,
) -> list[str]:
    """Return different words, the most frequent first, of which a share has a capital."""
    choices = [
        np.array(parts.split() + [""] * missing)
        for parts, missing in zip(syllables, _MISSING, strict=True)
    ]
    words: dict[str, None] = {}
    while len(words) < _NUM_WORDS:
        parts = [some[rng.integers(len(some), size=(_NUM_WORDS, 4))] for some in choices]
        capitals = rng.random(_NUM_WORDS) < nouns
        for onset, vowel, coda, capital in zip(*parts, capitals, strict=True):
            rank = len(words)
            if rank == _NUM_WORDS:
                break
            count = 1 + sum(rank >= limit for limit in ranks)
            word = "".join(
                f"{onset[i]}{vowel[i]}{coda[i] if i == count - 1 or coda[i] in 'nrsl' else ''}"
                for i in range(count)
            )
            words[word.capitalize() if capital and rank > 100 else word] = None
    ordered = list(words)
    for mark, rank in _MARKS.items():
        ordered[rank] = mark
    return ordered


def _build_pieces(words: list[str]) -> NDArray[np.object_]:
    """Return words with what follows them: all, those that open and those that close a sentence.

    Every ninth word has a comma wherever it stands within a sentence.
    """
    inner = [f"{word}, " if rank % 9 == 5 else f"{word} " for rank, word in enumerate(words)]
    opening = [f"{word.capitalize()} " for word in words[:_NUM_OPENING]]
    closing = [f"{word}{'?' if rank % 12 == 7 else '.'}\n" for rank, word in enumerate(words)]
    return np.array(inner + opening + closing[:_NUM_CLOSING], dtype=object)


def _write(
    words: NDArray[np.int32], lengths: NDArray[np.int64], pieces: NDArray[np.object_]
) -> list[str]:
    ends = np.cumsum(lengths)
    words = words.copy()
    words[ends - lengths] = words[ends - lengths] % _NUM_OPENING + _NUM_WORDS
    words[ends - 1] = words[ends - 1] % _NUM_CLOSING + _NUM_WORDS + _NUM_OPENING
    return "".join(pieces[words]).split("\n")[:-1]


def write_tsv(path: Path, num_pairs: int, seed: int = 0) -> None:
    """Write a file with the columns en and de."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write("en\tde\n")
        for sources, targets in PairGenerator(seed).chunks(num_pairs):
            file.writelines(f"{s}\t{t}\n" for s, t in zip(sources, targets, strict=True))


def write_text(path: Path, num_pairs: int, seed: int = 0) -> None:
    """Write one file a language, with the endings .en and .de."""
    with ExitStack() as stack:
        files = [
            stack.enter_context(
                path.with_name(f"{path.name}.{language}").open("w", encoding="utf-8", newline="\n")
            )
            for language in ("en", "de")
        ]
        for sides in PairGenerator(seed).chunks(num_pairs):
            for file, lines in zip(files, sides, strict=True):
                file.write("\n".join(lines) + "\n")


def write_parquet(directory: Path, num_pairs: int, seed: int = 0, num_shards: int = 3) -> None:
    """Write shards with the column `translation`, in groups of 1,000 rows as on the hub."""
    directory.mkdir(parents=True, exist_ok=True)
    feature = {"translation": {"languages": ["de", "en"], "_type": "Translation"}}
    pair = pa.struct([("de", pa.string()), ("en", pa.string())])
    schema = pa.schema(
        [("translation", pair)],
        metadata={"huggingface": json.dumps({"info": {"features": feature}})},
    )
    per_shard = math.ceil(math.ceil(num_pairs / num_shards) / CHUNK) * CHUNK
    chunks = PairGenerator(seed).chunks(num_pairs)
    num_shards = math.ceil(num_pairs / per_shard)
    for shard in range(num_shards):
        name = f"train-{shard:05d}-of-{num_shards:05d}.parquet"
        with pq.ParquetWriter(directory / name, schema) as writer:
            rows = min(per_shard, num_pairs - shard * per_shard)
            for _ in range(math.ceil(rows / CHUNK)):
                sources, targets = next(chunks)
                column = pa.StructArray.from_arrays(
                    [pa.array(targets), pa.array(sources)], fields=list(pair)
                )
                writer.write_table(pa.table([column], schema=schema), row_group_size=1000)


def train_tokenizer(directory: Path, num_pairs: int = 50_000) -> None:
    """Train a unigram vocabulary of 32,000 pieces as recipes do, and save it."""
    from t5tune.models.new_tokenizers import build_tokenizer
    from t5tune.recipe.sections.from_scratch_section import TokenizerSection

    sources: list[str] = []
    targets: list[str] = []
    for some_sources, some_targets in PairGenerator().chunks(num_pairs):
        sources += some_sources
        targets += some_targets
    section = TokenizerSection(type="unigram", vocab_size=32_000)
    build_tokenizer(section, sources, targets).save_pretrained(str(directory))


def main() -> None:
    """Write what the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("path", type=Path)
    parser.add_argument("--pairs", type=int, default=NUM_PAIRS)
    parser.add_argument("--format", choices=["tsv", "text", "parquet"], default="tsv")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--shards", type=int, default=3)
    parser.add_argument("--tokenizer", action="store_true")
    options = parser.parse_args()
    if options.tokenizer:
        train_tokenizer(options.path)
    elif options.format == "tsv":
        write_tsv(options.path, options.pairs, options.seed)
    elif options.format == "text":
        write_text(options.path, options.pairs, options.seed)
    else:
        write_parquet(options.path, options.pairs, options.seed, options.shards)


if __name__ == "__main__":
    main()
