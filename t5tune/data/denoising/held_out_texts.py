"""Validation and test sets of plain text: examples from their words.

They are the same for every tokenizer, so that models can be compared, and the same each time.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import TYPE_CHECKING

from t5tune.data.augmentation.augmenter import draw_bits
from t5tune.data.denoising.corruption import corrupt_spans, fill_masks
from t5tune.data.denoising.noise_tokens import MASK, NUM_SENTINELS, name_sentinel
from t5tune.errors import T5TuneError

if TYPE_CHECKING:
    from t5tune.recipe.sections.denoise_section import DenoiseSection

TOPIC = "held out"  # of the draws
_SEED = 0  # whatever the recipe's: scores of runs with several seeds are compared
_LONGEST_WORD = 20  # mean number of characters; a text of longer words is written without spaces
_SENTINELS = [name_sentinel(i) for i in range(NUM_SENTINELS)]


def leave_out_words(
    texts: Sequence[str], section: DenoiseSection
) -> tuple[list[str], list[list[str]]]:
    """Return sources without some words, and a reference for each.

    References have no sentinels, because decoding leaves them out of hypotheses.

    Raises:
        T5TuneError: The objective is not known.
    """
    if section.objective is None or section.rate is None:
        raise T5TuneError(
            "data.denoise.objective: the test set depends on it, and the recipe leaves it to the "
            "model that is trained.",
            next_command="data.denoise.objective=span_corruption data.denoise.rate=0.15",
        )
    sources, references = [], []
    for number, text in enumerate(texts):
        draw = Random(draw_bits(_SEED, 0, number, TOPIC))
        source, reference = _leave_out(text, section, section.rate, draw)
        sources.append(source)
        references.append([reference])
    return sources, references


def _leave_out(text: str, section: DenoiseSection, rate: float, draw: Random) -> tuple[str, str]:
    words, space = text.split(), " "
    if len(text) > _LONGEST_WORD * len(words):  # Chinese or Japanese, for example
        words, space = list("".join(words)), ""
    if section.objective == "text_infilling":
        return space.join(fill_masks(words, MASK, rate, section.mean_length, draw)), text
    left, missing = corrupt_spans(words, _SENTINELS, rate, section.mean_length, draw)
    return space.join(left), space.join(word for word in missing if word not in _SENTINELS)
