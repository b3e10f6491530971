"""Tokens that belong to no language: unknown ones, sentinels, language codes."""

from __future__ import annotations

import re

from t5tune.scoring.diagnosis.evidence import Evidence
from t5tune.scoring.diagnosis.sightings import Sightings

# What tokenizers write for unknown text: T5 and Marian, SentencePiece's decoder, BERT,
# and U+FFFD for bytes that are not a character.
_UNKNOWN = re.compile(r"<unk>|⁇|\[UNK\]|\ufffd", re.IGNORECASE)

_SPECIAL = re.compile(
    r"<extra_id_\d+>|</?s>|<pad>|<mask>|\[(?:PAD|MASK|CLS|SEP)\]"  # T5, BART, Marian and BERT
    r"|(?<!\w)(?:[a-z]{3}_[A-Z][a-z]{3}|[a-z]{2}_[A-Z]{2})(?!\w)"  # languages: NLLB, mBART,
    r"|__[a-z]{2,3}__"  # M2M100
    r"|>>[A-Za-z_]{2,12}<<"  # Marian
)


def find_unknown(evidence: Evidence) -> Sightings:
    """Find hypotheses with a token for unknown text that neither source nor reference has."""
    return _find(_UNKNOWN, evidence)


def find_special(evidence: Evidence) -> Sightings:
    """Find hypotheses with a special token that neither source nor reference has."""
    return _find(_SPECIAL, evidence)


def _find(pattern: re.Pattern[str], evidence: Evidence) -> Sightings:
    clarity = {}
    for index, hypothesis in enumerate(evidence.hypotheses):
        if found := pattern.findall(hypothesis):
            known = set(pattern.findall("\n".join(evidence.expected_texts(index))))
            if num_strange := sum(token not in known for token in found):
                clarity[index] = float(num_strange)
    return Sightings(len(evidence.hypotheses), clarity)
