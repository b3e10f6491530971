"""Which recipe line mends a fault.

A remedy is a line as `t5tune train RECIPE KEY=VALUE` takes it, or a sentence; what follows
`   # ` says why, and what else there is.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from t5tune.scoring.languages import name_stray_language, short_code
from t5tune.scoring.lengths import count_characters
from t5tune.scoring.outputs import Outputs, Sightings
from t5tune.scoring.repetition import count_repeated_ngrams, split_tokens

Seen = Mapping[str, Sightings]

# Of the references, that a ban on repeated n-grams may forbid.
_MOST_FORBIDDEN = 0.01
_NGRAM_SIZES = range(3, 9)
_HALF = 0.5

_COMMENT = "   # "
_TRAIN_LONGER = "train longer, for example with a higher training.num_train_epochs" + _COMMENT
_LENGTHS_STRAY = _TRAIN_LONGER + (
    "hypotheses are too short and too long: no length penalty mends both"
)
_RECIPE_LINE = re.compile(r'[a-z_]+(?:\.[a-z_]+)*=(?:"[^"]*"|\S+)')

# Names as T5 knows its tasks by (Raffel et al. 2020, section 2.3).
_T5_LANGUAGES = {"en": "English", "de": "German", "fr": "French", "ro": "Romanian"}


def split_remedy(remedy: str) -> tuple[str | None, str]:
    """The recipe line of a remedy, if it has one, and the explanation, which may be empty."""
    line, _, explanation = remedy.partition(_COMMENT)
    if _RECIPE_LINE.fullmatch(line):
        return line, explanation
    return None, f"{line}: {explanation}" if explanation else line


def first_part(remedy: str) -> str:
    """A remedy without its explanation."""
    return remedy.partition(_COMMENT)[0]


def _explained(remedy: str, explanation: str) -> str:
    return remedy + ("; " if _COMMENT in remedy else _COMMENT) + explanation


def against_limit(outputs: Outputs, seen: Seen) -> str:
    """A limit that the references of the cut hypotheses fit into; for loops, what ends them."""
    cut = seen["hit_length_limit"]
    if cut.share_also_in(seen["loop"]) >= _HALF:
        return _explained(against_loops(outputs, seen), "the cut hypotheses are loops")
    limit = outputs.number("max_new_tokens")
    if limit is None:
        return "raise decoding.max_new_tokens"
    raised = _raised_limit(int(limit), outputs, cut)
    return (
        f"decoding.max_new_tokens={raised}   # and data.max_target_length={raised}, if targets of "
        "this length are cut in training"
    )


def _raised_limit(limit: int, outputs: Outputs, cut: Sightings) -> int:
    """The longest reference in tokens, estimated by characters, and a quarter more; at least
    half as much again as now. A multiple of eight."""
    longest_share = 1.0
    for index in cut.clearness:
        written = count_characters(outputs.hypotheses[index])
        wanted = max(map(count_characters, outputs.references[index]), default=0)
        if written:
            longest_share = max(longest_share, wanted / written)
    # Few characters in many tokens are not what the reference would have: eight times at most.
    return 8 * math.ceil(limit * max(1.5, 1.25 * min(longest_share, 8.0)) / 8)


def against_empty(outputs: Outputs, _seen: Seen) -> str:
    """Beam search prefers short hypotheses, the shortest of which is empty (Stahlberg and Byrne
    2019); greedy search has no such choice."""
    if outputs.number("num_beams") == 1:
        return "decoding.num_beams=4   # with decoding.length_penalty=1.2; or train longer"
    return _longer_hypotheses(outputs)


def against_loops(outputs: Outputs, _seen: Seen) -> str:
    """The smallest n that good references never repeat, unless that is forbidden already."""
    fitting = _smallest_unrepeated(outputs)
    forbidden = int(outputs.number("no_repeat_ngram_size") or 0)
    if fitting is None:
        return _TRAIN_LONGER + (
            "the references repeat words too, so decoding.no_repeat_ngram_size would forbid what "
            "is right"
        )
    if 0 < forbidden <= fitting:
        return f"{_TRAIN_LONGER}decoding.no_repeat_ngram_size is {forbidden} already"
    return f"decoding.no_repeat_ngram_size={fitting}"


def _smallest_unrepeated(outputs: Outputs) -> int | None:
    texts = [split_tokens(text) for of_one in outputs.references for text in of_one]
    for order in _NGRAM_SIZES:
        num_forbidden = sum(count_repeated_ngrams(tokens, order) > 0 for tokens in texts)
        if num_forbidden <= _MOST_FORBIDDEN * len(texts):
            return order
    return None


def against_copies(outputs: Outputs, _seen: Seen) -> str:
    """Pairs whose target is the source teach copying (Ott et al. 2018)."""
    return (
        "take pairs whose target is the source out of data.train   # they teach copying; without "
        "any, train longer" + _or_prefix(outputs)
    )


def against_language(outputs: Outputs, seen: Seen) -> str:
    """The target language as the recipe has it: multilingual models begin with its token."""
    strays = seen["wrong_language"]
    if strays.share_also_in(seen["source_copied"]) >= _HALF:
        return _explained(against_copies(outputs, seen), "these are the source, not translated")
    language = name_stray_language(outputs, strays)
    stray = f"most are in {language}: " if language else ""
    target = outputs.target_lang or "CODE"
    return (
        f"target_lang={target}   # {stray}check that the model knows this code, and that "
        "data.train holds this language alone" + _or_prefix(outputs)
    )


def _or_prefix(outputs: Outputs) -> str:
    source = _T5_LANGUAGES.get(short_code(outputs.source_lang) or "")
    target = _T5_LANGUAGES.get(short_code(outputs.target_lang) or "")
    if not source or not target:
        return ""
    return f'; T5 needs data.prefix="translate {source} to {target}: "'


def against_unknown(_outputs: Outputs, _seen: Seen) -> str:
    """Bytes spell every text (Xue et al. 2022)."""
    return (
        "model.from_scratch.tokenizer.type=bytes   # or, fine-tuning, "
        "model.name=google/byt5-small: the vocabulary "
        "lacks characters of the targets, and bytes spell any"
    )


def against_special(_outputs: Outputs, _seen: Seen) -> str:
    """Sentinels are the answer of a model that was pretrained and not fine-tuned."""
    return (
        _TRAIN_LONGER + "sentinels are what pretraining taught; language codes: check target_lang"
    )


def against_lost_spelling(_outputs: Outputs, _seen: Seen) -> str:
    """For numbers and names."""
    return (
        "model.from_scratch.tokenizer.type=bytes   # spells what was never seen in training; or "
        "more training data with such words: see the scores by the rarest source word"
    )


def against_short(outputs: Outputs, seen: Seen) -> str:
    """By what cut them: the decoding limit, cut training targets, or the search."""
    short = seen["too_short"]
    if short.share_also_in(seen["hit_length_limit"]) >= _HALF:
        return against_limit(outputs, seen)
    longest = max(map(count_characters, outputs.hypotheses), default=0)
    num_beyond = sum(
        min(map(count_characters, outputs.references[index])) > longest for index in short.clearness
    )
    limit = outputs.number("max_new_tokens")
    if limit is not None and num_beyond >= _HALF * len(short) > 0:
        return (
            f"data.max_target_length={int(limit)}   # no hypothesis is as long as the references "
            "of these: longer targets may have been cut in training"
        )
    if 2 * len(seen["too_long"]) >= len(short):
        return _LENGTHS_STRAY
    if outputs.number("num_beams") == 1:
        return "decoding.num_beams=4   # with decoding.length_penalty=1.2; or train longer"
    return _longer_hypotheses(outputs)


def against_long(outputs: Outputs, seen: Seen) -> str:
    """Loops are long; otherwise the search is told to prefer shorter ones."""
    if seen["too_long"].share_also_in(seen["loop"]) >= _HALF:
        return _explained(against_loops(outputs, seen), "the long hypotheses are loops")
    if 2 * len(seen["too_short"]) >= len(seen["too_long"]):
        return _LENGTHS_STRAY
    if outputs.number("num_beams") == 1:
        return "decoding.num_beams=4   # with decoding.length_penalty=0.8; or train longer"
    penalty = outputs.number("length_penalty")
    lower = (1.0 if penalty is None else penalty) - 0.2
    return f"decoding.length_penalty={lower:.1f}   # below 1 favours shorter hypotheses"


def _longer_hypotheses(outputs: Outputs) -> str:
    penalty = outputs.number("length_penalty")
    higher = (1.0 if penalty is None else penalty) + 0.2
    return f"decoding.length_penalty={higher:.1f}   # with decoding.num_beams above 1"
