"""From a model and a test set to hypotheses and a report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from t5tune.data.encoding import encode_texts
from t5tune.data.sources import load_split
from t5tune.decoding.torch_translator import TorchTranslator
from t5tune.decoding.translator import (
    DecodingOptions,
    Hypothesis,
    Translator,
    limit_from_references,
)
from t5tune.errors import T5TuneError
from t5tune.models.families import default_prefix, find_family, set_languages
from t5tune.models.loading import load_model, load_tokenizer
from t5tune.progress import say, track
from t5tune.recipe.loading import load_recipe
from t5tune.recipe.schema import DataEntry, DataSection, EvaluationSection, Recipe
from t5tune.run_directory import RunDirectory, write_text
from t5tune.scoring.report import Report, build_report, write_report

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

# Key of our own in config.json: what a model directory has to tell wherever it is moved to.
SETTINGS_KEY = "t5tune"


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


@dataclass(frozen=True)
class LoadedModel:
    """A model that is ready to translate.

    Attributes:
        name: For the report: the run, the directory or the hub id.
        translator: With the model's prefix and languages set.
        tokenizer: Of the model.
        recipe: Of the run; None for a model that is no run.
        run: Where reports go; None for a model that is no run.
    """

    name: str
    translator: TorchTranslator
    tokenizer: PreTrainedTokenizerBase
    recipe: Recipe | None = None
    run: RunDirectory | None = None


def load_for_translation(
    name: str,
    *,
    source_lang: str | None = None,
    target_lang: str | None = None,
    prefix: str | None = None,
) -> LoadedModel:
    """Load a run, a model directory or a hub id.

    Args:
        name: Which one.
        source_lang: For a model that is no run and needs it.
        target_lang: The same for the target.
        prefix: For a model that is no run; left out, the one that it was trained with.

    Raises:
        T5TuneError: It is none of these, or a run that has no model yet.
    """
    run = RunDirectory(Path(name))
    if not run.is_run:
        return _load_bare_model(name, source_lang, target_lang, prefix)
    if not run.has_model:
        raise T5TuneError(
            f"{name} has no model yet: its training has not finished.",
            next_command=f"t5tune train {run.recipe} --output-dir {name}   # goes on",
        )
    recipe = load_recipe(run.recipe)
    model = load_model(str(run.model)).to(default_device())
    tokenizer = load_tokenizer(str(run.model))
    translator = TorchTranslator(
        model,
        tokenizer,
        prefix=recipe.data.train.prefix or "",
        max_source_length=recipe.data.max_source_length,
        forced_bos_token_id=model.generation_config.forced_bos_token_id,
    )
    return LoadedModel(run.name, translator, tokenizer, recipe, run)


def _load_bare_model(
    name: str, source_lang: str | None, target_lang: str | None, prefix: str | None
) -> LoadedModel:
    model = load_model(name).to(default_device())
    tokenizer = load_tokenizer(name)
    family = find_family(model.config.model_type)
    forced_bos = model.generation_config.forced_bos_token_id
    if family.has_language_tokens:
        forced_bos = set_languages(tokenizer, source_lang, target_lang)
    own: dict[str, Any] = getattr(model.config, SETTINGS_KEY, None) or {}
    if prefix is None:
        prefix = own.get("prefix")
    if prefix is None:
        prefix = default_prefix(
            model.config.model_type,
            "translation",
            source_lang,
            target_lang,
            is_byte_level=is_byte_level(tokenizer),
        )
    translator = TorchTranslator(
        model,
        tokenizer,
        prefix=prefix,
        max_source_length=own.get("max_source_length"),
        forced_bos_token_id=forced_bos,
    )
    return LoadedModel(name, translator, tokenizer)


def is_byte_level(tokenizer: PreTrainedTokenizerBase) -> bool:
    """Whether tokens are bytes, as ByT5's are."""
    return "ByT5" in type(tokenizer).__name__


def default_device() -> str:
    """The first accelerator, or the CPU."""
    import torch

    accelerator = torch.accelerator.current_accelerator()
    return accelerator.type if accelerator is not None else "cpu"


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


def translate_lines(
    model: LoadedModel,
    lines: Sequence[str],
    *,
    num_beams: int | None = None,
    max_new_tokens: int | None = None,
) -> list[str]:
    """Translate lines of text; blank ones stay blank.

    Args:
        model: A run's decoding settings are used, a bare model's generation configuration.
        lines: Texts without line breaks.
        num_beams: Instead of the model's own.
        max_new_tokens: Instead of the model's own.

    Returns:
        One line for each line.
    """
    indices = [i for i, line in enumerate(lines) if line.strip()]
    generation = model.translator.model.generation_config
    encoded, _ = encode_texts([lines[i] for i in indices], model.tokenizer, max_length=None)
    # A bare model often knows no limit but the 20-token default; translations are seldom more
    # than twice as long as their sources.
    own_limit = generation.max_new_tokens or 2 * max(len(ids) for ids in encoded) + 20
    options = DecodingOptions(
        max_new_tokens=max_new_tokens or own_limit,
        num_beams=num_beams or generation.num_beams or 1,
        length_penalty=generation.length_penalty or 1.0,
        no_repeat_ngram_size=generation.no_repeat_ngram_size or 0,
    )
    with track("translating", len(indices), "lines") as advance:
        hypotheses = model.translator.translate([lines[i] for i in indices], options, advance)
    _warn_of_truncation(model.translator)
    translations = [""] * len(lines)
    for index, hypothesis in zip(indices, hypotheses, strict=True):
        translations[index] = hypothesis.text
    return translations


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
    _warn_of_truncation(translator)
    return hypotheses


def _warn_of_truncation(translator: Translator) -> None:
    if translator.num_truncated:
        say(
            f"{translator.num_truncated:,} sources were cut to the model's max_source_length; "
            "their translations lack the rest"
        )


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
    del decoding["tokens_per_batch"]  # changes the speed and nothing else
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
    model: LoadedModel, examples: Examples, recipe: Recipe, directory: Path | None
) -> Report:
    """Translate, score and write the report.

    Args:
        model: What translates.
        examples: What is translated.
        recipe: Gives decoding and metrics; the run's own unless the model is no run.
        directory: Where hypotheses.txt, report.json and report.md go; None writes nothing.
    """
    options = decoding_options(recipe, model.tokenizer)
    hypotheses = translate_examples(model.translator, examples, options)
    report = build_evaluation_report(
        model.name,
        examples,
        hypotheses,
        options,
        recipe.metrics,
        recipe.evaluation,
        recipe.target_lang,
        model.translator.engine,
    )
    if directory is not None:
        write_evaluation(report, hypotheses, directory)
    return report


def write_evaluation(report: Report, hypotheses: Sequence[Hypothesis], directory: Path) -> None:
    """Write hypotheses.txt, report.json and report.md."""
    lines = "".join(hypothesis.text + "\n" for hypothesis in hypotheses)
    write_text(directory / "hypotheses.txt", lines)
    write_report(report, directory)
    say(f"report: {directory / 'report.md'}")
