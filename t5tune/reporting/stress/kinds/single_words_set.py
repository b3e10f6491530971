"""Single words, to which models that have seen only sentences answer with loops and inventions."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from t5tune.reporting.stress.hard_set import CleanSet, HardExample, Outputs, StressKind, draw_for
from t5tune.reporting.stress.stress_results import Share
from t5tune.scoring.metrics.rouge import UnicodeWordTokenizer

_WORD = re.compile(r"[^\W\d_]{2,}")
_MOST_WORDS = 200  # of the set
_MOST_WORDS_OF_OUTPUT = 3  # an article and a word, or a verb with its particle: more is invented
# A word and its translation occur in the same examples: at least so many, and the Dice
# coefficient (Dice 1945; for translations Smadja et al. 1996) is at least so large.
_MIN_EXAMPLES = 4
_MIN_DICE = 0.75


def _build(test: CleanSet) -> list[HardExample]:
    found = [_WORD.findall(source) for source in test.examples.sources]
    if sum(map(len, found)) < 2 * len(found):
        return []  # the test set has single words already
    forms: dict[str, Counter[str]] = defaultdict(Counter)
    first: dict[str, int] = {}
    for number, words in enumerate(found):
        for word in words:
            forms[word.lower()][word] += 1
            first.setdefault(word.lower(), number)
    chosen = draw_for(KIND.name, "").sample(sorted(forms), min(_MOST_WORDS, len(forms)))
    tokenize = UnicodeWordTokenizer().tokenize
    known = _find_translations(
        [{word.lower() for word in words} for words in found],
        [
            {word for text in of_one for word in tokenize(text)}
            for of_one in test.examples.references
        ],
    )
    return [
        HardExample(
            forms[word].most_common(1)[0][0],  # of equally frequent forms the first
            [known[word]] if word in known else [],
            (first[word],),
        )
        for word in sorted(chosen)
    ]


def _find_translations(
    sources: Sequence[set[str]], references: Sequence[set[str]]
) -> Mapping[str, str]:
    """Return translations that the examples leave no doubt about, by the word of the source."""
    of_sources, of_references = (
        Counter(word for words in side for word in words) for side in (sources, references)
    )
    together: dict[str, Counter[str]] = defaultdict(Counter)
    for words, others in zip(sources, references, strict=True):
        for word in words:
            if of_sources[word] >= _MIN_EXAMPLES:
                together[word].update(others)
    best: dict[str, str] = {}
    for word, counts in together.items():
        dice = {
            other: 2 * num / (of_sources[word] + of_references[other])
            for other, num in counts.items()
        }
        ranked = sorted(dice, key=lambda other: (-dice[other], other))[:2]
        is_clear = len(ranked) < 2 or dice[ranked[0]] > dice[ranked[1]]
        if ranked and dice[ranked[0]] >= _MIN_DICE and is_clear:
            best[word] = ranked[0]
    return best


def _measure(examples: Sequence[HardExample], outputs: Outputs, _: Outputs) -> list[Share]:
    tokenize = UnicodeWordTokenizer().tokenize
    tokenized = [tokenize(output) for output in outputs]
    num = len(outputs)
    expected = [
        (example.references[0], words)
        for example, words in zip(examples, tokenized, strict=True)
        if example.references
    ]
    shares = [
        Share("sound", "sound outputs", sum(map(_is_sound, tokenized)), num),
        Share("repeated", "outputs that repeat a word",
              sum(len(set(words)) < len(words) for words in tokenized), num),
        Share("too_many_words", f"outputs of more than {_MOST_WORDS_OF_OUTPUT} words",
              sum(len(words) > _MOST_WORDS_OF_OUTPUT for words in tokenized), num),
        Share("no_word", "outputs without a word", sum(not words for words in tokenized), num),
    ]  # fmt: skip
    if expected:
        title = "outputs with the word that the test set has beside it"
        num_right = sum(word in words for word, words in expected)
        shares.append(Share("word_right", title, num_right, len(expected)))
    return shares


def _is_sound(words: Sequence[str]) -> bool:
    return 0 < len(words) <= _MOST_WORDS_OF_OUTPUT and len(set(words)) == len(words)


KIND = StressKind(
    "single_words",
    "single words",
    f"Up to {_MOST_WORDS} words of the sources, each by itself.",
    _build,
    judged=f"judged by their form: one to {_MOST_WORDS_OF_OUTPUT} words are sound, none of them "
    "twice",
    measure=_measure,
    is_scored=False,
)
