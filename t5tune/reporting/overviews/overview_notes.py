"""What deserves attention in the data of a recipe, in sentences, the gravest first."""

from __future__ import annotations

from collections.abc import Iterator

from t5tune.data.overview.data_overview import DataOverview, SplitOverview
from t5tune.reporting.reports.leak_sentences import describe_leaks

_NOTABLE_CUT = 0.01  # share of the texts
_NOTABLE_UNKNOWN = 0.001  # share of the tokens
_NOTABLE_BREAKS = 0.01  # of a text
_NOTABLE_REPEATS = 10
_NUM_NAMED = 8  # unknown characters
NOTHING = "Nothing stands out: no leaks, little over the limits, few unknown characters."
_LEAK = "leak: "  # before what a training says about leaks


def list_notes(overview: DataOverview) -> list[str]:
    """Return sentences about leaks, cut texts, lost characters and what else stands out."""
    notes = [
        line.removeprefix(_LEAK)
        for line in describe_leaks(overview.sets, overview.overlaps)
        if line.startswith(_LEAK) and not line.startswith(f"{_LEAK}for example")
    ]
    splits = overview.splits
    notes += [note for split in splits for note in _note_unknown(split)]
    notes += [note for split in splits for note in _note_cuts(split)]
    for phase in overview.mixture:
        notes += [
            f"An epoch repeats each example of {one['name']} "
            f"{one['examples_per_epoch'] / one['examples']:.0f} times; `max_repeats` limits that."
            for one in phase["entries"]
            if one["examples_per_epoch"] > _NOTABLE_REPEATS * one["examples"]
        ]
    for key, report in overview.cleaning.items():
        warnings = [one for one in report.describe() if one.startswith("warning: ")]
        notes += [f"data.{key}: {one.removeprefix('warning: ')}." for one in warnings]
    for split in splits:
        if split.num_blank and split.name not in overview.cleaning:  # which counts them itself
            are = "pairs are" if split.num_blank > 1 else "pair is"
            notes.append(f"data.{split.name}: {split.num_blank:,} blank {are} left out.")
    return notes


def _note_cuts(split: SplitOverview) -> Iterator[str]:
    for name, side in split.sides.items():
        num_texts = side.lengths.num_texts
        is_cut = split.is_training or name == "source"  # targets of sets are scored whole
        if not is_cut or not side.num_cut or side.num_cut < _NOTABLE_CUT * num_texts:
            continue
        enough = side.lengths.find_quantile(0.99)
        yield (
            f"{format_share(side.num_cut, num_texts)} of the {name}s of data.{split.name} are over "
            f"data.max_{name}_length={side.limit}"
            + (f"; {enough} tokens hold 99 % of them." if enough > side.limit else ".")
        )


def _note_unknown(split: SplitOverview) -> Iterator[str]:
    for name, side in split.sides.items():
        what, num_tokens = f"of the {name}s of data.{split.name}", side.lengths.num_tokens
        if side.num_unknown and side.num_unknown >= _NOTABLE_UNKNOWN * num_tokens:
            parts = " ".join(list(side.unknown)[:_NUM_NAMED])
            yield (
                f"{format_share(side.num_unknown, num_tokens)} of the tokens {what} are unknown to "
                f"the tokenizer{': ' if parts else ''}{parts} (`model.new_tokens` adds characters)."
            )
        breaks = sum(one.count for one in side.changed if one.character == "\n")
        if breaks and breaks >= _NOTABLE_BREAKS * side.lengths.num_texts:
            yield f"The tokenizer loses the {breaks:,} line breaks {what}."


def format_share(count: int, total: int) -> str:
    """Return a share in percent, with digits enough that a few are not nothing."""
    share = 100 * count / max(1, total)
    return f"{share:.1f} %" if share >= 0.1 or not count else f"{max(share, 0.001):.3f} %"
