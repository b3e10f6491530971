"""A hard set, and what a kind of hard sets consists of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from t5tune.data.examples import Examples
from t5tune.reporting.stress.stress_results import Share


@dataclass(frozen=True)
class CleanSet:
    """The test set that hard sets are made of.

    Attributes:
        examples: Its examples.
        source_lang: Language code of the sources, if known.
        target_lang: Language code of the references, if known.
    """

    examples: Examples
    source_lang: str | None = None
    target_lang: str | None = None

    def rows(self) -> Iterator[tuple[int, str, list[str]]]:
        """Yield number, source and references of each example."""
        for number, source in enumerate(self.examples.sources):
            yield number, source, self.examples.references[number]


@dataclass(frozen=True)
class HardExample:
    """One example of a hard set.

    Attributes:
        source: Text to translate.
        references: Expected outputs; none where only the form of the output is judged.
        origins: Numbers of the examples of the test set that it is made of, from 0.
        replaced: Parts that were replaced on both sides, with what they have become.
    """

    source: str
    references: Sequence[str]
    origins: tuple[int, ...]
    replaced: Mapping[str, str] = field(default_factory=dict)


def keep_text(text: str) -> str:
    """Return the text: nothing is ignored."""
    return text


Outputs = Sequence[str]


@dataclass(frozen=True)
class StressKind:
    """A kind of hard sets. A module of `kinds` ends with one.

    Attributes:
        name: Name as in `evaluation.stress`.
        title: What the sources are, for people, such as `all in capitals`.
        made: How the sources and references are made, in a sentence.
        build: Function that makes the examples of a test set. It returns the same ones each time
            and leaves out examples that would not be changed.
        judged: How outputs are judged, in a sentence.
        view: Function from an output or a reference to what is compared.
        ignored: What `view` leaves out, for signatures; empty if nothing.
        replace: Function that replaces in an output what was replaced in the source, if anything.
        measure: Function that counts what the scores do not show, given the examples, their
            outputs, and those for the test set, with the same parts replaced.
        is_scored: Whether outputs are scored with the metrics of the report.
        num_joined: Number of sentences in an example, by which the length limit grows.
    """

    name: str
    title: str
    made: str
    build: Callable[[CleanSet], list[HardExample]]
    judged: str = "scored as the test set is"
    view: Callable[[str], str] = keep_text
    ignored: str = ""
    replace: Callable[[str, Mapping[str, str]], str] | None = None
    measure: Callable[[Sequence[HardExample], Outputs, Outputs], list[Share]] | None = None
    is_scored: bool = True
    num_joined: int = 1


def change_sources(
    test: CleanSet, name: str, change: Callable[[str, Random], str]
) -> list[HardExample]:
    """Return the examples whose sources a function changes, with their references as they are.

    Args:
        test: Test set.
        name: Name of the kind, which with the source decides what is drawn.
        change: Function from a source to another one.
    """
    made = []
    for number, source, references in test.rows():
        changed = change(source, draw_for(name, source))
        if changed != source:
            made.append(HardExample(changed, references, (number,)))
    return made


def replace_parts(
    row: tuple[int, str, list[str]],
    new: Mapping[str, str],
    write: Callable[[str, Mapping[str, str]], str],
) -> HardExample:
    """Return a row of the test set with parts replaced in its source and its references."""
    number, source, references = row
    texts = [write(text, new) for text in (source, *references)]
    return HardExample(texts[0], texts[1:], (number,), new)


def count_replaced(
    name: str,
    has_part: Callable[[str, str], bool],
    examples: Sequence[HardExample],
    outputs: Outputs,
    clean: Outputs,
) -> list[Share]:
    """Return the share of outputs with everything that was replaced.

    Args:
        name: What was replaced, in the plural.
        has_part: Function of an output and what a part has become.
        examples: Examples of the hard set.
        outputs: Outputs for them.
        clean: Outputs for the test set, with the same parts replaced.
    """
    num_found, num_clean = (
        sum(
            all(has_part(text, part) for part in example.replaced.values())
            for example, text in zip(examples, texts, strict=True)
        )
        for texts in (outputs, clean)
    )
    title = f"outputs with all of the replaced {name}"
    return [Share(f"{name}_right", title, num_found, len(examples), num_clean)]


def draw_for(name: str, source: str) -> Random:
    """Return the source of random choices for one text, which other examples do not affect."""
    return Random(f"{name}\0{source}")
