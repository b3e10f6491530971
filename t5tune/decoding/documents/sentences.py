"""Sentences of a document, none too long for the model, with code and addresses intact."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from t5tune.decoding.documents.markup import (
    Marked,
    count_emphasis,
    is_unharmed,
    keeps_protected,
    put_marks,
    remove_marks,
    take_apart,
)
from t5tune.decoding.documents.splitting import find_cut
from t5tune.decoding.translator import DecodingOptions, Hypothesis, Translator


@dataclass
class _Part:
    """A piece of a sentence that is kept as it is, or translated."""

    text: str
    is_translated: bool
    hypotheses: list[Hypothesis] = field(default_factory=list)


_Translate = Callable[[Sequence[_Part]], None]


class SentenceTranslator:
    """A translator of sentences of any length, with code and addresses in them.

    A sentence that is too long is split where a clause ends, or else at a blank, and its parts are
    translated one by one.

    A sentence with code, addresses, links or emphasis is translated as it is. If its
    translation lacks some of that, it is translated without links and emphasis; their words are
    translated again by themselves, and get their marks where they are found. If code or an
    address is still spoiled, or a link has no place, the text between is translated piece by
    piece.
    """

    def __init__(self, translator: Translator) -> None:
        self.translator = translator  # of sentences that fit into its `max_source_length`
        self.engine = translator.engine
        self.num_truncated = 0
        self.num_chunked = 0  # sentences fit
        self.num_marks_lost = 0  # number of emphasis marks lost so far

    def translate(
        self,
        sources: Sequence[str],
        options: DecodingOptions,
        on_progress: Callable[[int], None] | None = None,
    ) -> list[Hypothesis]:
        """See `PlainTranslator.translate`; `on_progress` counts parts."""
        self.num_truncated = 0
        sentences = self._split(sources)
        parts = [part for sentence in sentences for part in sentence if part.is_translated]
        translate = partial(self._translate_parts, options=options, on_progress=on_progress)
        translate(parts)
        harmed = [part for part in parts if not is_unharmed(part.text, part.hypotheses[0].text)]
        _translate_pieces(_translate_without_marks(harmed, translate), translate)
        for part in harmed:
            lost = count_emphasis(part.text) - count_emphasis(part.hypotheses[0].text)
            self.num_marks_lost += lost.total()
        return [_join(sentence) for sentence in sentences]

    def _split(self, sources: Sequence[str]) -> list[list[_Part]]:
        """Split each sentence into parts that fit."""
        sentences = [[_Part(source, True)] for source in sources]
        has_limit = self.translator.max_source_length is not None
        waiting = list(range(len(sources))) if has_limit else []
        while waiting:
            parts = [part for i in waiting for part in sentences[i] if part.is_translated]
            counts = self.translator.count_tokens([part.text for part in parts])
            lengths = dict(zip(map(id, parts), counts, strict=True))
            again = []
            for i in waiting:
                cut = [list(self._cut(part, lengths)) for part in sentences[i]]
                if len(cut) != sum(map(len, cut)):
                    again.append(i)
                sentences[i] = [part for found in cut for part in found]
            waiting = again
        return sentences

    def _cut(self, part: _Part, lengths: dict[int, int]) -> Iterator[_Part]:
        """Return the part, or its two halves and the text between them."""
        limit = self.translator.max_source_length or 0
        if not part.is_translated or lengths[id(part)] <= limit or len(part.text) < 2:
            yield part
            return
        start, end = find_cut(part.text)
        yield _Part(part.text[:start], True)
        if end > start:
            yield _Part(part.text[start:end], False)
        yield _Part(part.text[end:], True)

    def _translate_parts(
        self,
        parts: Sequence[_Part],
        options: DecodingOptions,
        on_progress: Callable[[int], None] | None,
    ) -> None:
        if not parts:
            return
        found = self.translator.translate([part.text for part in parts], options, on_progress)
        self.num_truncated += self.translator.num_truncated
        for part, hypothesis in zip(parts, found, strict=True):
            part.hypotheses = [hypothesis]


def _translate_without_marks(parts: Sequence[_Part], translate: _Translate) -> list[_Part]:
    """Translate again without marks; return the sentences that still lose something."""
    plans: list[tuple[_Part, str, list[Marked]]] = [
        (part, *remove_marks(part.text)) for part in parts
    ]
    plans = [plan for plan in plans if plan[2]]
    texts = [text for _, plain, marked in plans for text in (plain, *(m.text for m in marked))]
    pieces = [_Part(text, True) for text in texts]
    translate(pieces)
    found = iter([piece.hypotheses[0] for piece in pieces])
    mended: set[int] = set()
    for part, plain, marked in plans:
        whole = next(found)
        text, missing = put_marks(whole.text, marked, [next(found).text for _ in marked])
        if keeps_protected(plain, whole.text) and not any(m.is_needed for m in missing):
            part.hypotheses = [replace(whole, text=text)]
            mended.add(id(part))
    return [part for part in parts if id(part) not in mended]


def _translate_pieces(parts: Sequence[_Part], translate: _Translate) -> None:
    """Translate the pieces between those that must be kept."""
    pieces = [[_Part(*piece) for piece in take_apart(part.text)] for part in parts]
    words = [piece for found in pieces for piece in found if piece.is_translated]
    translate(words)
    for part, found in zip(parts, pieces, strict=True):
        # A sentence that has lost only emphasis is better translated in one piece.
        if not keeps_protected(part.text, part.hypotheses[0].text):
            part.hypotheses = [_join(found)]


def _join(parts: Sequence[_Part]) -> Hypothesis:
    found = [hypothesis for part in parts for hypothesis in part.hypotheses]
    return Hypothesis(
        "".join(part.hypotheses[0].text if part.is_translated else part.text for part in parts),
        sum(hypothesis.num_tokens for hypothesis in found),
        any(hypothesis.reached_limit for hypothesis in found),
    )
