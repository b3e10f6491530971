"""A translator that generates only what has not been generated before."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from t5tune.decoding.hypothesis_cache import (
    CachedHypothesis,
    HypothesisCache,
    generation_settings,
    make_keys,
)
from t5tune.decoding.translator import DecodingOptions, Hypothesis, OnProgress, Translator
from t5tune.distributed.processes import broadcast_result, on_main_process

# Number of sources that are generated between two writes to the cache: what an interrupted command
# has written is not generated again.
KEPT_TOGETHER = 512


class CachedTranslator:
    """A translator that looks hypotheses up and has another one generate the missing ones.

    Every process calls `translate`; only the main process reads and writes the cache.

    Args:
        cache: Cache of hypotheses.
        load: Function that returns the translator. It is called once, in all processes together,
            and not before something is missing.
        engine: Engine of that translator, which is needed before it is loaded.
        model: See `generation_settings`. Only the main process uses it.
    """

    def __init__(
        self,
        cache: HypothesisCache,
        load: Callable[[], Translator],
        *,
        engine: str,
        model: Mapping[str, Any],
    ) -> None:
        self.engine = engine
        # Of the last call: sources that were cut, cached or not; distinct ones that were not in the
        # cache; and the seconds that generating these took, without loading the translator.
        self.num_truncated = 0
        self.num_chunked = 0  # generated ones
        self.num_generated = 0
        self.generation_seconds = 0.0
        self._cache = cache
        self._load = load
        self._translator: Translator | None = None
        self._model = model

    def translate(
        self, sources: Sequence[str], options: DecodingOptions, on_progress: OnProgress = None
    ) -> list[Hypothesis]:
        """See `PlainTranslator.translate`. Equal sources are generated once."""
        found = broadcast_result(lambda: self._look_up(sources, options))
        # Longest first, as within batches; the order changes no hypothesis.
        missing = sorted(set(sources) - found.keys(), key=lambda text: (-len(text), text))
        self.num_generated = len(missing)
        self.num_chunked = 0
        self.generation_seconds = 0.0
        if on_progress is not None:
            on_progress(len(sources) - len(missing))
        for start in range(0, len(missing), KEPT_TOGETHER):
            found |= self._generate(missing[start : start + KEPT_TOGETHER], options, on_progress)
        self.num_truncated = sum(found[source].source_is_cut for source in sources)
        return [found[source].hypothesis for source in sources]

    def _look_up(
        self, sources: Sequence[str], options: DecodingOptions
    ) -> dict[str, CachedHypothesis]:
        keys = make_keys(self._settings(options), sources)
        entries = self._cache.find(sorted(set(keys)))
        pairs = zip(sources, keys, strict=True)
        return {source: entries[key] for source, key in pairs if key in entries}

    def _generate(
        self, sources: Sequence[str], options: DecodingOptions, on_progress: OnProgress
    ) -> dict[str, CachedHypothesis]:
        """Translate distinct sources and keep their hypotheses."""
        if self._translator is None:
            self._translator = self._load()
        start = time.perf_counter()
        hypotheses = self._translator.translate(sources, options, on_progress)
        self.generation_seconds += time.perf_counter() - start
        self.num_chunked += self._translator.num_chunked
        is_cut = _find_cut(self._translator, sources)
        new = {
            source: CachedHypothesis(hypothesis, cut)
            for source, hypothesis, cut in zip(sources, hypotheses, is_cut, strict=True)
        }
        keys = make_keys(self._settings(options), sources)
        on_main_process(lambda: self._cache.keep(dict(zip(keys, new.values(), strict=True))))
        return new

    def _settings(self, options: DecodingOptions) -> dict[str, Any]:
        return generation_settings(options, engine=self.engine, model=self._model)


def _find_cut(translator: Translator, sources: Sequence[str]) -> list[bool]:
    """Return which of the sources of its last call a translator has cut."""
    limit = translator.max_source_length
    if limit is None or translator.num_truncated in (0, len(sources)):
        return [translator.num_truncated > 0] * len(sources)
    return [num_tokens > limit for num_tokens in translator.count_tokens(sources)]
