"""Sentences of a document: none too long for the model, and code and addresses unharmed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from t5tune.decoding.translator import DecodingOptions, Hypothesis, Translator

# What a translation has to hold as often as its source: code, addresses, marks of links and
# notes, tags of HTML. A "[" counts where a link follows.
_PROTECTED = re.compile(
    r"(?<!`)(?P<ticks>`+)(?!`).+?(?<!`)(?P=ticks)(?!`)"
    r"|!?\[(?=[^\]]*\][(\[])"
    r"|\]\((?:[^()\s]|\([^()\s]*\))*(?:\s+(?:\"[^\"]*\"|'[^']*'))?\)"
    r"|\]\[[^\]]*\]"
    r"|\[\^[^\]\s]+\]"
    r"|<[/!a-zA-Z][^<>]*>"
    r"|(?:https?://|www\.)[^\s<>()\[\]]*[^\s<>()\[\].,;:!?'\"]"
    r"|[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
)
_CLAUSE_END = re.compile(r"(?<=[,;:،؛—–])\s+|(?<=[、，；：。！？])\s*")
_SPACE = re.compile(r"\s+")


@dataclass
class _Part:
    """A piece of a sentence: kept as it is, or translated."""

    text: str
    is_translated: bool
    hypotheses: list[Hypothesis] = field(default_factory=list)


class SentenceTranslator:
    """Translates sentences of any length, with code and addresses in them.

    A sentence that is too long is split where a clause ends, at a blank if there is no such
    place, and its parts are translated one by one. A sentence with something to protect is
    translated as a whole; where its translation does not hold all of that, what stands between
    is translated piece by piece.

    Args:
        translator: Translates sentences that fit into its `max_source_length`.

    Attributes:
        num_split: Sentences so far that were too long.
    """

    def __init__(self, translator: Translator) -> None:
        self.translator = translator
        self.engine = translator.engine
        self.max_source_length: int | None = None
        self.num_truncated = 0
        self.num_split = 0

    def translate(
        self,
        sources: Sequence[str],
        options: DecodingOptions,
        on_progress: Callable[[int], None] | None = None,
    ) -> list[Hypothesis]:
        """See `Translator.translate`; `on_progress` counts parts."""
        self.num_truncated = 0
        sentences = self._split(sources)
        parts = [part for sentence in sentences for part in sentence if part.is_translated]
        self._translate_parts(parts, options, on_progress)
        harmed = [i for i, part in enumerate(parts) if not _is_unharmed(part)]
        pieces = {i: list(_take_apart(parts[i].text)) for i in harmed}
        self._translate_parts(
            [p for found in pieces.values() for p in found if p.is_translated], options, on_progress
        )
        for i, found in pieces.items():
            parts[i].hypotheses = [_join(found)]
        return [_join(sentence) for sentence in sentences]

    def translate_n_best(
        self,
        sources: Sequence[str],
        options: DecodingOptions,
        on_progress: Callable[[int], None] | None = None,
    ) -> list[list[Hypothesis]]:
        """The best hypothesis of each: parts of sentences have no common ranking."""
        best = self.translate(sources, replace(options, num_hypotheses=1), on_progress)
        return [[found] for found in best]

    def count_tokens(self, sources: Sequence[str]) -> list[int]:
        """See `Translator.count_tokens`."""
        return self.translator.count_tokens(sources)

    def _split(self, sources: Sequence[str]) -> list[list[_Part]]:
        """Each sentence as parts that fit."""
        sentences = [[_Part(source, True)] for source in sources]
        waiting = list(range(len(sources)))
        if self.translator.max_source_length is None:
            waiting = []
        split: set[int] = set()
        while waiting:
            parts = [part for i in waiting for part in sentences[i] if part.is_translated]
            lengths = dict(
                zip(map(id, parts), self.count_tokens([p.text for p in parts]), strict=True)
            )
            again = []
            for i in waiting:
                cut = [list(self._cut(part, lengths)) for part in sentences[i]]
                if len(cut) != sum(map(len, cut)):
                    again.append(i)
                    split.add(i)
                sentences[i] = [part for found in cut for part in found]
            waiting = again
        self.num_split += len(split)
        return sentences

    def _cut(self, part: _Part, lengths: dict[int, int]) -> Iterator[_Part]:
        """The part, or two halves of it with what is between them."""
        limit = self.translator.max_source_length or 0
        if not part.is_translated or lengths[id(part)] <= limit or len(part.text) < 2:
            yield part
            return
        start, end = _find_cut(part.text)
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


def _find_cut(text: str) -> tuple[int, int]:
    """The white space (or the empty place) nearest to the middle where a text is best cut."""
    middle = len(text) / 2
    for pattern in (_CLAUSE_END, _SPACE):
        spans = [
            match.span()
            for match in pattern.finditer(text)
            if text[: match.start()].strip() and text[match.end() :].strip()
        ]
        if pattern is _CLAUSE_END:  # a clause that ends near an end of the text saves little
            spans = [span for span in spans if abs(span[0] - middle) < middle / 2]
        if spans:
            return min(spans, key=lambda span: abs(span[0] - middle))
    half = len(text) // 2
    return half, half


def _is_unharmed(part: _Part) -> bool:
    wanted = Counter(match[0] for match in _PROTECTED.finditer(part.text))
    if not wanted:
        return True
    return wanted == Counter(m[0] for m in _PROTECTED.finditer(part.hypotheses[0].text))


def _take_apart(text: str) -> Iterator[_Part]:
    """What is protected, what stands between, and the white space around that."""
    at = 0
    for match in [*_PROTECTED.finditer(text), None]:
        between = text[at : match.start() if match else len(text)]
        words = between.strip()
        if any(character.isalpha() for character in words):
            start = between.index(words)
            yield _Part(between[:start], False)
            yield _Part(words, True)
            yield _Part(between[start + len(words) :], False)
        else:
            yield _Part(between, False)
        if match:
            yield _Part(match[0], False)
            at = match.end()


def _join(parts: Sequence[_Part]) -> Hypothesis:
    found = [hypothesis for part in parts for hypothesis in part.hypotheses]
    return Hypothesis(
        "".join(part.hypotheses[0].text if part.is_translated else part.text for part in parts),
        sum(hypothesis.num_tokens for hypothesis in found),
        any(hypothesis.reached_limit for hypothesis in found),
    )
