"""An overview of data that holds everything, for tests of what shows it."""

from __future__ import annotations

import numpy as np

from t5tune.data.augmentation.augmentation_kind import TextPair
from t5tune.data.cleaning.cleaning_report import CleaningReport, DroppedPair
from t5tune.data.examples import Examples
from t5tune.data.overlap import LeakedExample, TrainingOverlap
from t5tune.data.overview.data_overview import (
    AugmentationPreview,
    Change,
    DataOverview,
    KindPreview,
    SideOverview,
    SplitOverview,
)
from t5tune.data.overview.encoded_examples import EncodedExample, EncodedText
from t5tune.data.overview.length_counts import LengthCounts
from t5tune.data.overview.lost_characters import ChangedCharacter
from tests.hostile_texts import HOSTILE_TEXTS


def build_side(lengths: list[int], limit: int) -> SideOverview:
    """Return the overview of texts of some lengths, with unknown characters and a line break."""
    counts = LengthCounts.of([np.array(lengths)])
    return SideOverview(
        limit, counts, counts.num_tokens, False, counts.count_longer(limit), 7, 5,
        {"{": 4, HOSTILE_TEXTS[0]: 3}, [ChangedCharacter("\n", len(lengths), " ")],
    )  # fmt: skip


def build_overview() -> DataOverview:
    """Return an overview of a mixture whose texts are hostile."""
    mean = {"train[0]": 20, "train[1]": 35, "validation": 20, "test": 900}
    splits = [
        SplitOverview(
            key, f"{key} ({HOSTILE_TEXTS[2]})", "/data/" + "long-name/" * 12, 300, 2, "say: ",
            build_side([length + i % 9 for i in range(300)], 40),
            build_side([length // 2 + i % 5 for i in range(300)], 40),
        )
        for key, length in mean.items()
    ]  # fmt: skip
    dropped = [DroppedPair(i, i, text, text) for i, text in enumerate(HOSTILE_TEXTS[:5])]
    cleaning = CleaningReport(310, {"blank": 2, "html": 8}, {"blank": [], "html": dropped})
    shares = [
        {
            "name": name, "asked": 0.5, "examples": 300, "examples_per_epoch": num,
            "share": num / 600, "token_share": 0.5, "is_limited": False,
        }
        for name, num in (("captions", 500), (HOSTILE_TEXTS[2], 100))
    ]  # fmt: skip
    texts = [
        EncodedText(text, ("▁a", "<unk>", "x" * 300, "</s>"), decoded, is_cut)
        for text, decoded, is_cut in ((HOSTILE_TEXTS[0], "a", True), ("a", "a", False))
    ]
    worst = LeakedExample(0, 12, HOSTILE_TEXTS[0], "b", "train.tsv, line 14")
    sources = [HOSTILE_TEXTS[0], "clean"]
    return DataOverview(
        "mixed",
        "that of t5-small, 32,100 tokens",
        "<unk>",
        None,
        splits,
        {"train[0]": cleaning},
        [{"from_step": 0, "entries": shares}],
        [Examples("test", sources, [["b"], ["c"]])],
        [TrainingOverlap((1, 1), ("exact", "clean"), worst)],
        None,
        [EncodedExample("train[0]", 1, "the first pair", texts[0], texts[1])],
        AugmentationPreview(
            2, 1, 20, [KindPreview("upper", "both", 0.1, 2, [
                Change(1, TextPair("a", HOSTILE_TEXTS[1]), TextPair("A", HOSTILE_TEXTS[1]))])]
        ),
    )  # fmt: skip
