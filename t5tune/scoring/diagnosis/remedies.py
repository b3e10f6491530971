"""Remedies of faults.

A remedy is a command where the run is known: `t5tune eval` tries another decoding, `t5tune train`
continues or trains again. Where it is unknown, as for texts from a file, a remedy is recipe lines
as `t5tune train RECIPE KEY=VALUE` takes them. Where no line helps it is a sentence. The text after
`   # ` gives reasons and alternatives.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

from t5tune.scoring.diagnosis.evidence import Evidence
from t5tune.scoring.diagnosis.lengths import count_characters, longest_reference, shortest_reference
from t5tune.scoring.diagnosis.repetition import count_repeated_ngrams, split_tokens
from t5tune.scoring.diagnosis.sightings import Sightings
from t5tune.scoring.diagnosis.wrong_language import name_stray_language
from t5tune.scoring.languages import T5_LANGUAGES, short_code

Seen = Mapping[str, Sightings]

# Share of the references that a ban on repeated n-grams may forbid.
_MOST_FORBIDDEN = 0.01
_NGRAM_SIZES = range(3, 9)
_HALF = 0.5

COMMENT = "   # "
_STRAY = "some hypotheses are too short and some too long: no length penalty mends both"
_RECIPE_LINE = re.compile(r'[a-z_]+(?:\.[a-z_]+)*=(?:"[^"]*"|\S+)')
_COMMAND = "t5tune "


def split_remedy(remedy: str) -> tuple[str | None, str]:
    """Return the command or recipe lines of a remedy, if any, and its explanation, if any."""
    line, _, explanation = remedy.partition(COMMENT)
    if line.startswith(_COMMAND) or re.fullmatch(
        rf"{_RECIPE_LINE.pattern}(?: {_RECIPE_LINE.pattern})*", line
    ):
        return line, explanation
    return None, f"{line}: {explanation}" if explanation else line


def first_part(remedy: str) -> str:
    """Return a remedy without its explanation."""
    return remedy.partition(COMMENT)[0]


def _explained(remedy: str, explanation: str) -> str:
    return remedy + ("; " if COMMENT in remedy else COMMENT) + explanation


def _decode(evidence: Evidence, *settings: str) -> str:
    """Return the command that tries decoding settings on the run, or lines for a recipe."""
    return evidence.run.evaluate(*settings) if evidence.run else " ".join(settings)


def _train_anew(evidence: Evidence, *settings: str) -> str:
    return evidence.run.train_anew(*settings) if evidence.run else " ".join(settings)


def _train_longer(evidence: Evidence, reason: str) -> str:
    if evidence.run and evidence.run.longer:
        return evidence.run.continue_training(evidence.run.longer) + COMMENT + reason
    return f"train longer, for example with a higher training.num_train_epochs{COMMENT}{reason}"


def against_limit(evidence: Evidence, seen: Seen) -> str:
    """Return a limit that the references of the cut hypotheses fit into; for loops, their remedy.

    Hypotheses that are as long as their references when cut do not need a higher limit.
    """
    cut = seen["hit_length_limit"]
    if cut.share_also_in(seen["loop"]) >= _HALF:
        return _explained(against_loops(evidence, seen), "the cut hypotheses are loops")
    limit = evidence.number("max_new_tokens")
    if limit is None:
        return "raise decoding.max_new_tokens"
    num_whole = sum(_is_as_long(evidence, index) for index in cut.clarity)
    if num_whole > _HALF * len(cut):
        return _train_longer(
            evidence,
            "the cut hypotheses are as long as their references already: the model does not end "
            "them, and a higher limit would only make them longer",
        )
    raised = _raised_limit(int(limit), evidence, cut)
    remedy = _decode(evidence, f"decoding.max_new_tokens={raised}")
    trained = evidence.run.max_target_length if evidence.run else None
    if trained is None:
        return (
            f"{remedy}{COMMENT}and data.max_target_length={raised}, if targets of this length are "
            "cut in training"
        )
    if trained < raised:
        return f"{remedy}{COMMENT}training cut targets at data.max_target_length={trained}"
    return remedy


def _is_as_long(evidence: Evidence, index: int) -> bool:
    return count_characters(evidence.hypotheses[index]) >= longest_reference(evidence, index)


def _raised_limit(limit: int, evidence: Evidence, cut: Sightings) -> int:
    """Return the longest reference in tokens, estimated by characters, plus a quarter, at least
    1.5 times the present limit, as a multiple of eight."""
    longest_share = 1.0
    for index in cut.clarity:
        written = count_characters(evidence.hypotheses[index])
        if written:
            longest_share = max(longest_share, longest_reference(evidence, index) / written)
    # References do not have so few characters per token: eight times at most.
    return 8 * math.ceil(limit * max(1.5, 1.25 * min(longest_share, 8.0)) / 8)


def against_empty(evidence: Evidence, _seen: Seen) -> str:
    """Return another length penalty: beam search prefers short and so empty hypotheses (Stahlberg
    and Byrne 2019), unlike greedy search."""
    return _other_lengths(evidence, 0.2)


def against_loops(evidence: Evidence, _seen: Seen) -> str:
    """Return the smallest n-gram size that good references never repeat, unless it is set."""
    fitting = _smallest_unrepeated(evidence)
    forbidden = int(evidence.number("no_repeat_ngram_size") or 0)
    if fitting is None:
        return _train_longer(
            evidence,
            "the references repeat words too, so decoding.no_repeat_ngram_size would forbid "
            "correct text",
        )
    if 0 < forbidden <= fitting:
        return _train_longer(evidence, f"decoding.no_repeat_ngram_size is {forbidden} already")
    return _decode(evidence, f"decoding.no_repeat_ngram_size={fitting}")


def _smallest_unrepeated(evidence: Evidence) -> int | None:
    texts = [split_tokens(text) for of_one in evidence.references for text in of_one]
    for order in _NGRAM_SIZES:
        num_forbidden = sum(count_repeated_ngrams(tokens, order) > 0 for tokens in texts)
        if num_forbidden <= _MOST_FORBIDDEN * len(texts):
            return order
    return None


def against_copies(evidence: Evidence, _seen: Seen) -> str:
    """Return advice to remove untranslated pairs, which teach copying (Ott et al. 2018)."""
    return (
        "take pairs whose target is the source out of data.train   # they teach copying; without "
        "any, train longer" + _or_prefix(evidence)
    )


def against_language(evidence: Evidence, seen: Seen) -> str:
    """Return the target language as the recipe has it: multilingual models begin with its token."""
    strays = seen["wrong_language"]
    if strays.share_also_in(seen["source_copied"]) >= _HALF:
        return _explained(against_copies(evidence, seen), "these are untranslated sources")
    language = name_stray_language(evidence, strays)
    stray = f"most are in {language}: " if language else ""
    target = evidence.target_lang or "CODE"
    if evidence.run:  # which has this target_lang, and whose model knows it
        return (
            f"take pairs whose target is in another language than {target} out of data.train"
            f"{COMMENT}{stray}the model writes what it was trained on" + _or_prefix(evidence)
        )
    return (
        f"target_lang={target}   # {stray}check that the model knows this code, and that "
        "data.train contains only this language" + _or_prefix(evidence)
    )


def _or_prefix(evidence: Evidence) -> str:
    source = T5_LANGUAGES.get(short_code(evidence.source_lang) or "")
    target = T5_LANGUAGES.get(short_code(evidence.target_lang) or "")
    if not source or not target or (evidence.run and not evidence.run.lacks_prefix):
        return ""
    return f'; T5 needs data.prefix="translate {source} to {target}: "'


def against_unknown(evidence: Evidence, _seen: Seen) -> str:
    """Return advice to use bytes, which spell every text (Xue et al. 2022)."""
    reason = "the vocabulary lacks characters of the targets, and bytes spell any"
    if evidence.run is None:
        reason = f"or, fine-tuning, model.name=google/byt5-small: {reason}"
    return _spell_in_bytes(evidence, reason) or (
        f"take such characters out of the targets of data.train{COMMENT}the model spells every "
        "text, so it has learned to write them"
    )


def _spell_in_bytes(evidence: Evidence, reason: str) -> str | None:
    """Return what makes bytes the tokens; None for a run whose tokens already are."""
    settings: Sequence[str] = ("model.from_scratch.tokenizer.type=bytes",)
    if evidence.run:
        settings = evidence.run.spelling
    return _train_anew(evidence, *settings) + COMMENT + reason if settings else None


def against_special(evidence: Evidence, _seen: Seen) -> str:
    """Return advice to train longer: models that are only pretrained write sentinels."""
    return _train_longer(
        evidence, "sentinels are what pretraining taught; language codes: check target_lang"
    )


def against_lost_spelling(evidence: Evidence, _seen: Seen) -> str:
    """Return advice on lost numbers and names, which a small vocabulary of ours may not spell."""
    more_data = "training data with such words: see the scores by the rarest source word"
    remedy = None
    if evidence.run is None or evidence.run.is_from_scratch:
        reason = f"spells what was never seen in training; or more {more_data}"
        remedy = _spell_in_bytes(evidence, reason)
    return remedy or f"add {more_data}"


def against_short(evidence: Evidence, seen: Seen) -> str:
    """Return the remedy by cause: the decoding limit, cut training targets, or the search."""
    short = seen["too_short"]
    if short.share_also_in(seen["hit_length_limit"]) >= _HALF:
        return against_limit(evidence, seen)
    longest = max(map(count_characters, evidence.hypotheses), default=0)
    num_beyond = sum(shortest_reference(evidence, index) > longest for index in short.clarity)
    limit = evidence.number("max_new_tokens")
    trained = evidence.run.max_target_length if evidence.run else None
    may_be_cut = limit is not None and (trained is None or limit > trained)
    if may_be_cut and num_beyond >= _HALF * len(short) > 0:
        return (
            _train_anew(evidence, f"data.max_target_length={int(limit or 0)}")
            + f"{COMMENT}no hypothesis is as long as the references of these: longer targets may "
            "have been cut in training"
        )
    if 2 * len(seen["too_long"]) >= len(short):
        return _train_longer(evidence, _STRAY)
    return _other_lengths(evidence, 0.2)


def against_long(evidence: Evidence, seen: Seen) -> str:
    """Return the remedy of loops if most are loops, else settings that favour shorter ones."""
    if seen["too_long"].share_also_in(seen["loop"]) >= _HALF:
        return _explained(against_loops(evidence, seen), "the long hypotheses are loops")
    if 2 * len(seen["too_short"]) >= len(seen["too_long"]):
        return _train_longer(evidence, _STRAY)
    return _other_lengths(evidence, -0.2)


def _other_lengths(evidence: Evidence, change: float) -> str:
    """Return another length penalty, with beams for the search to choose from."""
    penalty = evidence.number("length_penalty")
    setting = f"decoding.length_penalty={(1.0 if penalty is None else penalty) + change:.1f}"
    favours = "longer" if change > 0 else "shorter"
    if evidence.number("num_beams") == 1:
        return _decode(evidence, "decoding.num_beams=4", setting) + (
            f"{COMMENT}greedy search has no choice, and among beams this one favours {favours} ones"
        )
    return f"{_decode(evidence, setting)}{COMMENT}favours {favours} hypotheses"
