"""From a model and a test set to hypotheses and a report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from t5tune.data.encoding import encode_texts
from t5tune.data.sources import load_split
from t5tune.decoding.shared_translator import share_translation
from t5tune.decoding.translator import (
    DecodingOptions,
    Hypothesis,
    Translator,
    limit_from_references,
)
from t5tune.errors import T5TuneError
from t5tune.processes import from_first
from t5tune.progress import say, track
from t5tune.recipe.schema import DataEntry, DataSection, EvaluationSection, Recipe
from t5tune.run_directory import write_text
from t5tune.scoring.report import Report, build_report, write_report
from t5tune.translation import LoadedModel, warn_of_truncation

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@dataclass(frozen=True)
class Examples:
    """What is translated, and what it is compared with.

    Attributes:
        split: Name for messages and for the directory of the report.
        sources: Texts without the prefix.
        references: One or more for each source.
    """

    split: str
    sources: list[str]
    references: list[list[str]]


def load_examples(recipe: Recipe, split: str) -> Examples:
    """Read a split of a recipe.

    Raises:
        T5TuneError: The recipe has no such split, or it cannot be read.
    """
    entry: DataEntry | None = getattr(recipe.data, split, None) if split != "source" else None
    if not isinstance(entry, DataEntry):
        splits = [key for key in ("train", "validation", "test") if getattr(recipe.data, key)]
        raise T5TuneError(
            f"the recipe {recipe.name} has no split {split}; it has {', '.join(splits)}.",
            next_command=f"t5tune eval --split {splits[-1]}",
        )
    return read_examples(entry, split, recipe.data, recipe.source_lang, recipe.target_lang)


def read_examples(
    entry: DataEntry,
    split: str,
    data: DataSection,
    source_lang: str | None,
    target_lang: str | None,
) -> Examples:
    """Read one entry. See `load_split`."""
    dataset = load_split(
        entry,
        split,
        source=data.source,
        target=data.target,
        source_lang=source_lang,
        target_lang=target_lang,
    )
    return Examples(split, list(dataset["source"]), list(dataset["references"]))


def longest_references(examples: Examples, tokenizer: PreTrainedTokenizerBase) -> int:
    """The length limit that fits the first references of these examples, in tokens."""
    references = [of_one[0] for of_one in examples.references]
    encoded, _ = encode_texts(references, tokenizer, max_length=None, as_target=True)
    return limit_from_references([len(ids) for ids in encoded])


def decoding_options(recipe: Recipe, tokenizer: PreTrainedTokenizerBase) -> DecodingOptions:
    """The recipe's decoding section; the length limit follows the validation references.

    A run's recipe has the limit written out, so that its validation data is not read again.
    """
    section = recipe.decoding
    limit = section.max_new_tokens
    if limit is None:
        limit = longest_references(load_examples(recipe, "validation"), tokenizer)
    return DecodingOptions(
        max_new_tokens=limit,
        num_beams=section.num_beams,
        length_penalty=section.length_penalty,
        no_repeat_ngram_size=section.no_repeat_ngram_size,
        tokens_per_batch=section.tokens_per_batch,
    )


def translate_examples(
    translator: Translator, examples: Examples, options: DecodingOptions
) -> list[Hypothesis]:
    """Translate every example once, with progress on stderr."""
    sources = examples.sources
    with track(f"translating {examples.split}", len(sources), "examples") as advance:
        hypotheses = translator.translate(sources, options, advance)
    warn_of_truncation(translator)
    return hypotheses


def build_evaluation_report(
    name: str,
    examples: Examples,
    hypotheses: Sequence[Hypothesis],
    options: DecodingOptions,
    metrics: Sequence[str],
    section: EvaluationSection,
    target_lang: str | None,
    engine: str,
) -> Report:
    """Score hypotheses.

    Args:
        name: Of the run or model.
        examples: Gives references and sources.
        hypotheses: One for each example, in order.
        options: How they were decoded, for the report.
        metrics: Names as in the recipe.
        section: Options of the metrics.
        target_lang: Chooses tokenizers of metrics.
        engine: What decoded them, for the report.
    """
    decoding = asdict(options)
    for key in ("tokens_per_batch", "num_hypotheses"):  # the best hypothesis depends on neither
        del decoding[key]
    return build_report(
        [hypothesis.text for hypothesis in hypotheses],
        examples.references,
        metrics,
        sources=examples.sources,
        run=name,
        split=examples.split,
        engine=engine,
        decoding=decoding,
        length_limited=sum(hypothesis.reached_limit for hypothesis in hypotheses),
        tokenize=section.tokenize,
        lowercase=section.lowercase,
        target_lang=target_lang,
        normalize=section.normalize,
    )


def evaluate_model(
    model: LoadedModel,
    examples: Examples,
    recipe: Recipe,
    directory: Path | None,
    translator: Translator | None = None,
) -> Report:
    """Translate, score and write the report.

    Several processes call it together: they share the translating, the first one does the rest.

    Args:
        model: What translates.
        examples: What is translated.
        recipe: Gives decoding and metrics; the run's own unless the model is no run.
        directory: Where hypotheses.txt, report.json and report.md go; None writes nothing.
        translator: Translates instead of the model itself: an export of it.
    """
    options = from_first(lambda: decoding_options(recipe, model.tokenizer))
    translator = translator or share_translation(model.translator)
    hypotheses = translate_examples(translator, examples, options)

    def score() -> Report:
        report = build_evaluation_report(
            model.name,
            examples,
            hypotheses,
            options,
            recipe.metrics,
            recipe.evaluation,
            recipe.target_lang,
            translator.engine,
        )
        report = replace(report, weights=model.weights)
        if directory is not None:
            write_evaluation(report, hypotheses, directory)
        return report

    return from_first(score)


def write_evaluation(report: Report, hypotheses: Sequence[Hypothesis], directory: Path) -> None:
    """Write hypotheses.txt, report.json and report.md."""
    lines = "".join(hypothesis.text + "\n" for hypothesis in hypotheses)
    write_text(directory / "hypotheses.txt", lines)
    write_report(report, directory)
    say(f"report: {directory / 'report.md'}")
