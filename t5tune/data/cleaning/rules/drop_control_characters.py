"""Texts with characters that no text has: what a wrong encoding or a binary file leaves."""

from __future__ import annotations

import re

from t5tune.data.cleaning.cleaning_rule import CleaningRule, on_either_side

# C0 but tab and line breaks, C1, surrogates, private use, and what stands for undecodable bytes.
_CONTROLS = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\uf8ff\ufdd0-\ufdef\ufff0-\ufff8\ufffc-\uffff]"
)

RULE = CleaningRule("control_characters", on_either_side(_CONTROLS.search))
