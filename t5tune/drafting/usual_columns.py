"""Names that columns usually have, and what they tell about the task."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class UsualPair:
    """Names of sources with the names of targets that go with them.

    Attributes:
        sources: Names of columns of sources.
        targets: Names of columns of targets.
        task: Task, if the names tell it.
    """

    sources: tuple[str, ...]
    targets: tuple[str, ...]
    task: str | None = None


QUESTIONS, CONTEXTS = ("question",), ("context", "passage", "paragraph")
ANSWERS = ("answers.text", "answer", "answers", "answer_text")
PAIRS = (
    UsualPair(("source", "source_text"), ("target", "target_text")),
    UsualPair(("src", "src_text"), ("tgt", "trg", "tgt_text", "mt", "ref")),
    UsualPair(
        ("document", "article", "dialogue", "report", "body", "content", "text", "maintext"),
        ("summary", "highlights", "abstract", "headline", "title"),
        "summarization",
    ),
    UsualPair(
        ("word", "grapheme", "graphemes", "spelling", "orthography"),
        ("phones", "phonemes", "pronunciation", "ipa", "transcription"),
        "text2text",
    ),
    UsualPair(
        ("mr", "meaning_representation", "triples", "triple_set", "table"),
        ("ref", "human_reference", "reference", "text"),
        "text2text",
    ),
    UsualPair(QUESTIONS, ANSWERS, "text2text"),
    UsualPair(
        ("input", "instruction", "prompt", "query", "command"),
        ("output", "completion", "response", "answer", "label", "actions"),
    ),
    UsualPair(("text", "sentence", "input_text"), ("label", "labels", "class", "target")),
    UsualPair(("original", "incorrect", "noisy"), ("translation", "corrected", "correct", "clean")),
)  # fmt: skip
_FURTHER = ("id", "translation", "split", "comment", "notes", "url", "score", "date")


def plain_name(name: str) -> str:
    """Return a name in small letters, with underscores for what separates words."""
    return re.sub(r"[\s\-]+", "_", name.strip().casefold())


def is_usual(name: str) -> bool:
    """Return whether a cell is a usual name of a column."""
    known = {one for pair in PAIRS for one in (*pair.sources, *pair.targets)}
    return plain_name(name) in {*known, *CONTEXTS, *_FURTHER}
