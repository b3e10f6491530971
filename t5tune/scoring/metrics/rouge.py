"""ROUGE (Lin 2004), computed by Google's rouge-score package."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from t5tune.scoring.metrics.additive_metric import AdditiveMetric, Row
from t5tune.scoring.score import Score, ScoringOptions, format_signature

if TYPE_CHECKING:
    from t5tune.scoring.metrics.statistics import MeanStatistics
    from t5tune.scoring.system_output import SystemOutput

_SCORE_NAMES: dict[str, str] = {
    "rouge1": "ROUGE-1",
    "rouge2": "ROUGE-2",
    "rougeL": "ROUGE-L",
    "rougeLsum": "ROUGE-Lsum",
}
# The second half is the full stop, exclamation and question mark of Chinese and Japanese.
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|(?<=[\u3002\uff01\uff1f])\s*")
# English text with a few names and loanwords stays far below, German is near 0.02.
_MAX_SHARE_OF_OTHER_LETTERS = 0.005


class RougeScorer(AdditiveMetric):
    """Mean F-measures of ROUGE-1, ROUGE-2, ROUGE-L and ROUGE-Lsum.

    English (or no stated language): rouge-score's own tokenizer with the Porter stemmer, so the
    numbers are the ones in the literature. That tokenizer deletes every letter outside a-z, so
    other languages get `UnicodeWordTokenizer` and no stemmer. With several references each
    score takes the one with the best F-measure for the example.

    ROUGE-Lsum compares sentence by sentence. A text with newlines has its sentences there; in
    one without, a sentence ends after `.`, `!` or `?` and white space, or after their full-width
    forms: models whose vocabulary has no newline would otherwise be compared as one long sentence.
    """

    def __init__(self, options: ScoringOptions) -> None:
        self._is_english = options.base_language in (None, "en")

    def collect_rows(
        self, systems: Sequence[Sequence[str]], references: Sequence[Sequence[str]]
    ) -> list[list[Row]]:
        """Return the four F-measures of each example, from 0 to 1, for each system."""
        return [
            [tuple(row.values()) for row in self._f_measures(list(_SCORE_NAMES), texts, references)]
            for texts in systems
        ]

    def score_rows(self, rows: Sequence[Row], references: Sequence[Sequence[str]]) -> list[Score]:
        """Return the four scores; ROUGE ignores case by definition."""
        return [
            Score(
                name=name,
                value=100.0 * sum(row[column] for row in rows) / len(rows),
                signature=self._signature(rouge_type, references),
            )
            for column, (rouge_type, name) in enumerate(_SCORE_NAMES.items())
        ]

    def build_statistics(self, rows: Sequence[Row]) -> MeanStatistics:
        """Return the percentages, ready for resampling; ROUGE-L stands for an example."""
        from t5tune.scoring.metrics.statistics import MeanStatistics

        percentages = [[100.0 * value for value in row] for row in rows]
        return MeanStatistics(percentages, main=list(_SCORE_NAMES).index("rougeL"))

    def score_segments(self, output: SystemOutput) -> list[float]:
        """Return ROUGE-L of every example; the other three are not computed."""
        rows = self._f_measures(["rougeL"], output.hypotheses, output.references)
        return [100.0 * row["rougeL"] for row in rows]

    def _f_measures(
        self,
        rouge_types: list[str],
        hypotheses: Sequence[str],
        references: Sequence[Sequence[str]],
    ) -> list[dict[str, float]]:
        # 0.4 s for nltk and numpy, spent only where ROUGE is requested.
        from rouge_score import rouge_scorer

        tokenizer = None if self._is_english else UnicodeWordTokenizer()
        scorer = rouge_scorer.RougeScorer(rouge_types, use_stemmer=True, tokenizer=tokenizer)
        rows: list[dict[str, float]] = []
        for hypothesis, of_one_example in zip(hypotheses, references, strict=True):
            targets = [split_sentences(reference) for reference in of_one_example]
            best: dict[str, Any] = scorer.score_multi(targets, split_sentences(hypothesis))
            rows.append({key: float(best[key].fmeasure) for key in rouge_types})
        return rows

    def _signature(self, rouge_type: str, references: Sequence[Sequence[str]]) -> str:
        from importlib.metadata import version

        settings = {
            "case": "lc",
            "stem": "yes" if self._is_english else "no",
            "tok": "rouge-score" if self._is_english else "unicode-words",
        }
        if rouge_type == "rougeLsum":
            settings["split"] = "newline-else-punct"
        settings["version"] = f"rouge-score-{version('rouge-score')}"
        return format_signature(references, **settings)


class _WordCharacters(dict[int, str]):
    """A `str.translate` table that fills itself.

    Letters, marks and digits stay, ideographs and kana stand alone (their scripts do not write
    spaces), everything else becomes a space.
    """

    def __missing__(self, code: int) -> str:
        character = chr(code)
        category = unicodedata.category(character)
        if category == "Lo" and unicodedata.name(character, "").startswith(
            ("CJK ", "HIRAGANA ", "KATAKANA ")
        ):
            replacement = f" {character} "
        elif category[0] in "LMN":
            # Marks belong to words: Indic vowel signs are marks, and `\w` does not match them.
            replacement = character
        else:
            replacement = " "
        self[code] = replacement
        return replacement


class UnicodeWordTokenizer:
    """Lower-cased runs of letters, marks and digits of any script, in rouge-score's interface."""

    def __init__(self) -> None:
        self._characters = _WordCharacters()
        lower_cased = bytes(range(256)).decode("latin-1").lower()
        self._latin1 = lower_cased.translate(self._characters).encode("latin-1")

    def tokenize(self, text: str) -> list[str]:
        """Return words of `text`; ideographs and kana are words by themselves."""
        return self.separate(text).split()

    def separate(self, text: str) -> str:
        """Return the words with white space between them."""
        try:  # several times as fast, and most texts are Latin-1
            return text.encode("latin-1").translate(self._latin1).decode("latin-1")
        except UnicodeEncodeError:
            return text.lower().translate(self._characters)


def split_sentences(text: str) -> str:
    """Return the text with one sentence per line, unless it has lines already.

    rouge-score uses newlines for ROUGE-Lsum only; to its tokenizer they are white space.
    """
    return text if "\n" in text else _SENTENCE_END.sub("\n", text)


def loses_letters(references: Sequence[Sequence[str]]) -> bool:
    """Return whether rouge-score's English tokenizer would delete many of the letters."""
    num_letters = num_others = 0
    for of_one_example in references:
        for reference in of_one_example:
            letters = [character for character in reference if character.isalpha()]
            num_letters += len(letters)
            num_others += sum(not character.isascii() for character in letters)
    return num_others > _MAX_SHARE_OF_OTHER_LETTERS * num_letters
