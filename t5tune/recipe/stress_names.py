"""Hard sets that an evaluation can make of its test set, by name.

`reporting/stress/kinds` has a module for each.
"""

from __future__ import annotations

# In the order of reports.
STRESS_NAMES = (
    "upper",
    "lower",
    "typos",
    "no_punctuation",
    "single_words",
    "long",
    "numbers",
    "names",
)
