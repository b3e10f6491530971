"""What is in the data of a recipe, as the sections that every form of a report can show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from t5tune.data.overview.data_overview import (
    MOST_CHARACTERS,
    QUANTILES,
    AugmentationPreview,
    DataOverview,
    SideOverview,
    SplitOverview,
)
from t5tune.data.overview.encoded_examples import EncodedExample, EncodedText
from t5tune.data.overview.length_counts import LengthBin
from t5tune.data.overview.lost_characters import name_character
from t5tune.reporting.beside.kinds.cleaned_data import describe_cleaning
from t5tune.reporting.beside.kinds.mixture import describe_mixture
from t5tune.reporting.beside.report_section import Section, SectionTable
from t5tune.reporting.overviews.overview_notes import format_share
from t5tune.reporting.reports.leak_sentences import quote_leak

ENCODED = "encoded"  # name of a section
_UNKNOWN = "unknown token"
_BLOCKS = "\u00a0▁▂▃▄▅▆▇█"  # a line may begin with the first, and must not be wrapped there
_LONGEST_LINE = 16


def build_sections(overview: DataOverview, *, draws: bool = False) -> list[Section]:
    """Return all sections, in the order in which they are shown.

    Args:
        overview: What is in the data.
        draws: Whether histograms are drawn in letters, where there are no pictures.
    """
    return [
        describe_splits(overview),
        *([describe_mixture(overview.mixture)] if overview.mixture else []),
        describe_lengths(overview, draws=draws),
        describe_characters(overview),
        describe_overlaps(overview),
        *([describe_cleaning(overview.cleaning)] if overview.cleaning else []),
        describe_examples(overview.examples),
        *(
            [describe_augmentation(overview.augmentation)]
            if overview.augmentation is not None
            else []
        ),
    ]


def describe_splits(overview: DataOverview) -> Section:
    """Return the section on rows and tokens."""
    rows = tuple(
        (
            split.title,
            "streamed" if split.num_examples is None else f"{split.num_examples:,}",
            *("" if side.num_tokens is None else f"{side.num_tokens:,}" for side in _sides(split)),
            split.place,
        )
        for split in overview.splits
    )
    header = ("split", "examples", "source tokens", "target tokens", "from")
    return Section(
        "splits", "Splits", tuple(_say_what_was_counted(overview)), (SectionTable(header, rows),)
    )


def _sides(split: SplitOverview) -> tuple[SideOverview, SideOverview]:
    return split.source, split.target


def _say_what_was_counted(overview: DataOverview) -> Iterator[str]:
    prefixes = Counter(split.prefix for split in overview.splits)
    quoted = ", ".join(f'"{prefix}"' for prefix in prefixes if prefix)
    yield (
        f"Tokens are counted as training sees them, cut at the limits, by the tokenizer: "
        f"{overview.tokenizer}. "
        + (f"Sources begin with {quoted}." if quoted else "No prefix stands before the sources.")
    )
    sampled = [split for split in overview.splits if split.is_sample]
    if sampled and overview.rows is not None:
        names = ", ".join(f"data.{split.name}" for split in sampled)
        estimated = any(side.is_estimate for split in sampled for side in _sides(split))
        yield (
            f"Of {names}, the first {overview.rows:,} examples were tokenized; --rows 0 "
            "tokenizes all."
            + (" Their number of tokens is estimated from these." if estimated else "")
        )


def describe_lengths(overview: DataOverview, *, draws: bool = False) -> Section:
    """Return the section on lengths, and what is over the limits; `draws` as above."""
    rows: list[tuple[str, ...]] = []
    for split in overview.splits:
        for name, side in split.sides.items():
            lengths = side.lengths
            quantiles = (f"{lengths.find_quantile(one):,}" for one in QUANTILES.values())
            sizes = (*quantiles, f"{lengths.longest:,}", f"{side.limit:,}")
            share = format_share(side.num_cut, lengths.num_texts)
            if draws:
                rows.append((f"{split.name} {name}", *sizes, share, draw_line(side.bins)))
            else:
                cells = f"{split.title} {name}", f"{lengths.mean:.1f}", *sizes, f"{side.num_cut:,}"
                rows.append((*cells, share))
    names = ("median", "95 %", "99 %", "longest", "limit", "over it")
    header = ("texts", *names, "histogram") if draws else ("texts", "mean", *names, "share")
    sentence = (
        "Lengths are in tokens before anything is cut, with the prefix and the tokens that the "
        "tokenizer adds. Training cuts what is over data.max_source_length or "
        "data.max_target_length; targets of a test set are scored whole."
    )
    table = SectionTable(header, tuple(rows), "" if draws else "Lengths in numbers", not draws)
    return Section("lengths", "Lengths", (sentence,), (table,))


def describe_characters(overview: DataOverview) -> Section:
    """Return the section on unknown tokens and lost characters."""
    rows = tuple(
        (
            f"{split.name} {name}",
            f"{side.num_unknown:,}",
            format_share(side.num_unknown, side.lengths.num_tokens),
            f"{side.num_with_unknown:,}",
            format_share(side.num_with_unknown, side.lengths.num_texts),
        )
        for split in overview.splits
        for name, side in split.sides.items()
        if side.num_unknown
    )
    header: tuple[str, ...] = (
        "texts", "unknown tokens", "share", "texts with one", "share of texts",
    )  # fmt: skip
    tables = [SectionTable(header, rows)] if rows else []
    lost, num_lost = _list_lost(overview.splits)
    sentences = [] if rows else ["The tokenizer knows every character: no token is unknown."]
    if not lost:
        sentences.append("Every character comes back when its tokens are decoded.")
    else:
        header = ("character", "becomes", "training sources", "training targets", "other sets")
        more = f", the {len(lost)} most frequent of {num_lost:,}" if num_lost > len(lost) else ""
        tables.append(SectionTable(header, tuple(lost), f"What the tokenizer does not keep{more}"))
        sentences.append(
            "The model can neither read nor write an unknown character: all of them are one token. "
            "A changed one reaches the model as another, and its outputs never have it."
        )
    return Section("characters", "Characters", tuple(sentences), tuple(tables))


def _list_lost(splits: Sequence[SplitOverview]) -> tuple[list[tuple[str, ...]], int]:
    """Return a row for each of the most frequent lost characters, and the number of all."""
    counts: dict[tuple[str, str], Counter[str]] = {}
    for split in splits:
        for name, side in split.sides.items():
            where = name if split.is_training else ""
            for character, count in side.unknown.items():
                counts.setdefault((character, _UNKNOWN), Counter())[where] += count
            for one in side.changed:
                becomes = name_character(one.becomes) if one.becomes else "nothing"
                counts.setdefault((one.character, becomes), Counter())[where] += one.count
    ranked = sorted(
        counts.items(), key=lambda one: (one[0][1] != _UNKNOWN, -one[1].total(), one[0])
    )
    rows = [
        (
            name_character(character),
            becomes,
            *(f"{of[where]:,}" for where in ("source", "target", "")),
        )
        for (character, becomes), of in ranked[:MOST_CHARACTERS]
    ]
    return rows, len(ranked)


def describe_examples(examples: Sequence[EncodedExample]) -> Section:
    """Return the section with a few pairs, their pieces, and what these are decoded to."""
    tables = tuple(
        SectionTable(
            ("part", "text"),
            (*_show_text("source", one.source), *_show_text("target", one.target)),
            f"data.{one.entry}, pair {one.number:,}: {one.reason}",
        )
        for one in examples
    )
    return Section(ENCODED, "Encoded examples", (), tables)


def _show_text(name: str, text: EncodedText) -> Iterator[tuple[str, str]]:
    yield name, text.text
    cut = ", cut at the limit" if text.is_cut else ""
    yield f"{len(text.pieces)} tokens{cut}", " ".join(text.pieces)
    yield "decoded", "the same text" if text.is_same else text.decoded


def describe_overlaps(overview: DataOverview) -> Section:
    """Return the section on examples of other sets that are in the training data."""
    rows, sentences = [], []
    for examples, overlap in zip(overview.sets, overview.overlaps, strict=True):
        num_examples = len(overlap.agreement)
        rows.append(
            (
                examples.split,
                f"{num_examples:,}",
                *(f"{overlap.count(kind):,}" for kind in ("exact", "same_source", "near")),
                format_share(overlap.num_leaked, num_examples),
            )
        )
        if overlap.worst is not None:
            sentences.append(f"For example, {quote_leak(examples, overlap, overlap.worst)}")
    if not sentences:
        sentences.append("No example of these sets is in the training data, exactly or nearly.")
    if overview.compared is not None:
        sentences.append(
            f"The sets were compared with the first {overview.compared:,} pairs of the stream."
        )
    header = ("set", "examples", "the same pair", "the same source", "nearly", "share")
    table = SectionTable(header, tuple(rows))
    return Section("leaks", "Leaks", tuple(sentences), (table,))


def describe_augmentation(augmentation: AugmentationPreview) -> Section:
    """Return the section on what becomes of training examples."""
    tables = []
    for kind in augmentation.kinds:
        rows = [
            (before, after if after != before else "")
            for one in kind.examples
            for before, after in zip(one.before, one.after, strict=True)
        ]
        caption = f"{kind.name}: {describe_shares(kind.asked, kind.num_changed, augmentation)}"
        tables.append(SectionTable(("before", "after"), tuple(rows), caption))
    return Section("augmentation", "Augmentation", (describe_rounds(augmentation),), tuple(tables))


def describe_rounds(augmentation: AugmentationPreview) -> str:
    """Return how often and with which seed examples are varied."""
    rounds = augmentation.rounds
    return f"{'each pass anew' if rounds is None else f'{rounds} rounds'}, seed {augmentation.seed}"


def describe_shares(asked: float, num_changed: int | None, of: AugmentationPreview) -> str:
    """Return which share of the examples a kind of augmentation changes."""
    text = f"asked {100 * asked:.1f}%"
    if num_changed is None or not of.looked_at:
        return text
    share = 100 * num_changed / of.looked_at
    return f"{text}, changed {share:.1f}% of {of.looked_at:,} examples"


def draw_line(bins: Sequence[LengthBin]) -> str:
    """Return a histogram as a line of blocks, in which whatever occurs can be seen."""
    step = -(-len(bins) // _LONGEST_LINE)
    counts = [sum(one.num_texts for one in bins[i : i + step]) for i in range(0, len(bins), step)]
    most = max(counts, default=0)
    return "".join(_BLOCKS[max(1, round(8 * count / most)) if count else 0] for count in counts)
