"""Sources that are too long for a model, in chunks of whole sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from t5tune.decoding.documents.splitting import ENDS_OPEN, find_cut
from t5tune.scoring.languages import short_code

CountTokens = Callable[[Sequence[str]], Sequence[int]]


def split_long_sources(
    sources: Sequence[str], count_tokens: CountTokens, limit: int, *, language: str | None
) -> list[list[str]]:
    """Split the sources that have too many tokens, each into chunks of about equal length.

    A sentence that is too long by itself is split where a clause ends, or else at a blank.

    Args:
        sources: Texts without the prefix.
        count_tokens: Function that counts their tokens with what is added to every text.
        limit: Greatest number of tokens of a chunk.
        language: Language of the sources, for abbreviations that do not end a sentence.

    Returns:
        The chunks of each source; a source that fits is its only one.
    """
    (added,) = count_tokens([""])
    room = limit - added
    counts = count_tokens(sources)
    return [
        _divide(source, room, lambda texts: [n - added for n in count_tokens(texts)], language)
        if count > limit and room > 0
        else [source]
        for source, count in zip(sources, counts, strict=True)
    ]


def _divide(text: str, room: int, count: CountTokens, language: str | None) -> list[str]:
    import sentencex

    sentences = list(sentencex.segment(short_code(language) or "en", text))
    if "".join(sentences) != text:
        sentences = [text]
    pieces = [
        piece
        for sentence, length in zip(sentences, count(sentences), strict=True)
        for piece in _fit(sentence, length, room, count)
    ]
    lengths = count(pieces)
    wanted = sum(lengths) / -(-sum(lengths) // room)
    chunks: list[str] = []
    size = 0
    for piece, length in zip(pieces, lengths, strict=True):
        if not chunks or size >= wanted or size + length > room:
            chunks.append("")
            size = 0
        chunks[-1] += piece
        size += length
    return [stripped for chunk in chunks if (stripped := chunk.strip())]


def _fit(text: str, length: int, room: int, count: CountTokens) -> Iterator[str]:
    """Yield the text, or parts of it that fit."""
    if length <= room or len(text) < 2:
        yield text
        return
    _, end = find_cut(text)
    halves = text[:end], text[end:]
    for half, own in zip(halves, count(halves), strict=True):
        yield from _fit(half, own, room, count)


def join_outputs(texts: Sequence[str]) -> str:
    """Return the outputs for the chunks of a source as one text."""
    joined = ""
    for text in filter(None, texts):
        space = "" if not joined or ENDS_OPEN.search(joined) else " "
        joined += space + text
    return joined
