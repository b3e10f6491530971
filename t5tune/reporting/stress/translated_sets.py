"""Hard sets of a test set, translated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from t5tune.console import say, track
from t5tune.decoding.cached_translator import CachedTranslator
from t5tune.decoding.translator import DecodingOptions, Hypothesis
from t5tune.distributed.processes import broadcast_result
from t5tune.models.positions import find_positions
from t5tune.reporting.beside.kind import Evaluated
from t5tune.reporting.stress.hard_set import CleanSet, HardExample, StressKind
from t5tune.reporting.stress.kinds import KINDS


@dataclass(frozen=True)
class TranslatedSet:
    """A hard set with its outputs.

    Attributes:
        kind: Kind of the set.
        examples: Its examples; none if the test set has none that could be changed.
        hypotheses: Output for each example.
        num_cut: Number of sources that were cut to the model's length.
    """

    kind: StressKind
    examples: Sequence[HardExample]
    hypotheses: Sequence[Hypothesis]
    num_cut: int


def translate_hard_sets(evaluated: Evaluated) -> list[TranslatedSet]:
    """Make the hard sets of a recipe and translate them; all processes call it together."""
    recipe, translator = evaluated.recipe, evaluated.translator
    test = CleanSet(evaluated.examples, recipe.source_lang, recipe.target_lang)
    made = []
    num_distinct = num_generated = 0
    for name in recipe.evaluation.stress:
        kind = KINDS[name]
        hard = kind.build(test)
        if not hard:
            made.append(TranslatedSet(kind, hard, (), 0))
            continue
        sources = [one.source for one in hard]
        search = _lengthen(evaluated, kind.num_joined)
        with track(f"translating sources {kind.title}", len(sources), "examples") as done:
            hypotheses = translator.translate(sources, search, done)
        made.append(TranslatedSet(kind, hard, hypotheses, translator.num_truncated))
        num_distinct += len(set(sources))
        if isinstance(translator, CachedTranslator):
            num_generated += translator.num_generated
    if isinstance(translator, CachedTranslator) and num_distinct:
        num_known = num_distinct - num_generated
        say(f"hard sets: {num_known:,} translations from the cache, {num_generated:,} generated")
    return made


def _lengthen(evaluated: Evaluated, num_joined: int) -> DecodingOptions:
    """Return the search with the length limit of several examples, as far as the model goes."""
    options, model = evaluated.options, evaluated.model
    if num_joined == 1:
        return options
    positions = broadcast_result(lambda: find_positions(model.get().config, "decoder"))
    limit = options.max_new_tokens * num_joined
    if positions is not None:
        limit = max(options.max_new_tokens, min(limit, positions))
    return replace(options, max_new_tokens=limit)
