"""A model in its engine, as the threads of a queue use it."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import Any, cast

from t5tune.decoding.ctranslate2_translator import count_workers
from t5tune.decoding.documents.markup import is_unharmed
from t5tune.decoding.documents.sentences import SentenceTranslator
from t5tune.decoding.opened_model import OpenedModel
from t5tune.decoding.translator import Hypothesis, SearchingTranslator, Translator
from t5tune.serving.request_queue import Found, Search

WARM_UP = "one two three"


class ServedEngine:
    """A model whose weights are in memory.

    An export is translated with by two threads: while one waits for the workers of CTranslate2, the
    other encodes and decodes. Torch gets one thread.

    Args:
        opened: The model.
        translates: Whether its texts are sentences that may be split, as those of a translation.
        load_in_torch: Function that returns the model of an export in torch, for alignments; None
            if there are only the weights of the export.
    """

    def __init__(
        self,
        opened: OpenedModel,
        *,
        translates: bool,
        load_in_torch: Callable[[], Translator] | None,
    ) -> None:
        engine = opened.open()
        self.name = engine.translator.engine
        self.options = engine.options
        self.translates = translates
        self._translator = cast(Any, engine.translator)  # all have directions
        self.is_export = engine.patience is not None
        self.num_threads = 2 if self.is_export else 1
        self._translating: set[int] = set()  # threads, each with a batch
        self._load_in_torch = load_in_torch
        self._in_torch: Any = None if self.is_export else engine.translator
        self.has_alignments = self._in_torch is not None or load_in_torch is not None
        self.has_continuations = self.is_export and self._translator.can_continue
        # Torch computes for one thread at a time: alignments change the model's attention.
        self._torch = threading.Lock()
        self.directions = [one.languages for one in self._translator.settings.directions]
        if self.directions:
            self._translator.use_direction(*self.directions[0])
        # Copies for batches share the weights, which the first text loads.
        self._translator.translate([WARM_UP], self.options)

    def translate(self, texts: Sequence[str], search: Search) -> list[Found]:
        """See `Engine.translate`. Marks within sentences are kept, and long ones are split."""
        with self._sharing_workers() if self.is_export else self._torch:
            translator = self._turn(self._translator, search)
            if self.is_export:
                # Small batches cost more: a batch is split only for workers without one.
                translator.num_batches = max(1, count_workers() // len(self._translating))
            if search.num_hypotheses is not None:
                return self._find_several(texts, search.num_hypotheses, translator)
            one_best = SentenceTranslator(translator) if self.translates else translator
            return [[best] for best in one_best.translate(texts, self.options)]

    @contextmanager
    def _sharing_workers(self) -> Iterator[None]:
        thread = threading.get_ident()
        self._translating.add(thread)
        try:
            yield
        finally:
            self._translating.discard(thread)

    def _find_several(self, texts: Sequence[str], num: int, translator: Translator) -> list[Found]:
        """Return n-best lists; a mended one is first where the best has lost a mark of the text."""
        beams = max(self.options.num_beams, num)
        options = replace(self.options, num_hypotheses=num, num_beams=beams)
        found = translator.translate_n_best(texts, options)
        if not self.translates:
            return found
        limit = translator.max_source_length
        lengths = translator.count_tokens(texts) if translator.num_truncated else []
        harmed = [
            place
            for place, text in enumerate(texts)
            if not is_unharmed(text, found[place][0].text)
            or (lengths and limit is not None and lengths[place] > limit)
        ]
        sentences = SentenceTranslator(translator)
        mended = sentences.translate([texts[place] for place in harmed], self.options)
        for place, best in zip(harmed, mended, strict=True):
            rest = [other for other in found[place] if is_unharmed(texts[place], other.text)]
            found[place] = [best, *(rest if not lengths else [])]
        return found

    def align(
        self, sources: Sequence[str], hypotheses: Sequence[str], search: Search
    ) -> list[dict[str, Any] | None]:
        """Return the attention of each hypothesis, word by word; None where a side is too long.

        The first call loads the model in torch.
        """
        from t5tune.decoding.alignments import find_alignments

        with self._torch:
            if self._in_torch is None:
                assert self._load_in_torch is not None
                self._in_torch = self._load_in_torch()
            translator = self._turn(self._in_torch, search)
            found = find_alignments(translator, sources, hypotheses, range(len(sources)))
        by_place = {alignment.index: asdict(alignment) for alignment in found}
        for alignment in by_place.values():
            del alignment["index"]
        return [by_place.get(place) for place in range(len(sources))]

    def continue_(self, text: str, beginning: str, search: Search) -> list[Hypothesis]:
        """Return hypotheses that begin with given words and differ in the one that follows."""
        translator = self._turn(self._translator, search)
        num = search.num_hypotheses or 1
        found: list[Hypothesis] = translator.continue_translation(
            text, beginning, replace(self.options, num_hypotheses=num)
        )
        return found

    def _turn(self, translator: Any, search: Search) -> Any:
        """Return a translator with the same weights for one batch, in the search's direction."""
        turned = copy.copy(translator)
        if isinstance(turned, SearchingTranslator):
            turned.use_direction(search.source_lang, search.target_lang)
        return turned
