"""The model card: README.md of a run's model, for people and for the hub."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import yaml

from t5tune.files.writing import write_text
from t5tune.models.input_settings import CUT
from t5tune.recipe.resolved_recipe import ResolvedRecipe
from t5tune.recipe.sections.data_section import DataSection
from t5tune.reporting.beside.rendering import find_alarms, short_blocks
from t5tune.reporting.markdown import cell, code, escape, table_of
from t5tune.reporting.model_card.facts import (
    ModelFacts,
    describe_data,
    portable_recipe,
    read_facts,
    value_of_entry,
)
from t5tune.reporting.model_card.metadata import build_metadata
from t5tune.reporting.reports.leak_sentences import describe_leak
from t5tune.reporting.reports.report import Report
from t5tune.reporting.reports.report_markdown import score_table
from t5tune.run.directory import RunDirectory
from t5tune.scoring.diagnosis.leaks import LEAKED

if TYPE_CHECKING:
    from huggingface_hub import ModelCardData

_LONGEST_EXAMPLE = 200  # characters; a document to summarize would hide the code around it
_TASKS = {
    "translation": "translates",
    "summarization": "summarizes",
    "text2text": "rewrites",
    "denoise": "completes texts from which spans are missing",
}


def write_model_card(run: RunDirectory, recipe: ResolvedRecipe, report: Report) -> None:
    """Write `model/README.md` atomically.

    The manifest of `model/` does not name it, so that it may be rewritten and edited. The report is
    that of an evaluation on the run's own data.
    """
    write_text(run.model_card, build_model_card(run, recipe, report))


def build_model_card(run: RunDirectory, recipe: ResolvedRecipe, report: Report) -> str:
    """Return the text of the card: metadata between lines of dashes, then Markdown.

    The text has no path of this machine: files are named without their directories.
    """
    facts = read_facts(run)
    metadata: ModelCardData = build_metadata(run.name, recipe, report, facts)
    body = "\n\n".join(_blocks(run.name, recipe, report, facts))
    return f"---\n{metadata.to_yaml()}\n---\n\n{body}\n"


def _blocks(name: str, recipe: ResolvedRecipe, report: Report, facts: ModelFacts) -> Iterator[str]:
    yield f"# {escape(name)}"
    yield _introduction(recipe, facts)
    yield "## How to use it"
    yield from _usage(facts)
    yield "## Scores"
    yield _scored(report)
    if leak := describe_leak(report):
        yield f"**{escape(leak)}**"
    for alarm in find_alarms(report.beside):
        yield f"**{escape(alarm)}**"
    yield score_table(report.scores)
    for section in report.beside:
        yield from short_blocks(section)
    yield "## Intended use and limits"
    yield _limits(recipe, report)
    yield "## Training data"
    yield _data_table(recipe.data, {**facts.num_examples, report.split or "": report.num_examples})
    yield "## Training"
    yield _training_table(recipe, report.weights, facts)
    yield "The recipe, without defaults. Files are named without their directories."
    yield _fenced(
        "yaml", yaml.safe_dump(portable_recipe(recipe), sort_keys=False, allow_unicode=True)
    )


def _introduction(recipe: ResolvedRecipe, facts: ModelFacts) -> str:
    what = f"This model {_TASKS[recipe.task]}"
    if recipe.source_lang and recipe.target_lang:
        what += f" from {code(recipe.source_lang)} to {code(recipe.target_lang)}"
    kind = escape(facts.model_type)
    size = f" with {facts.num_parameters:,} parameters" if facts.num_parameters else ""
    if recipe.model.is_from_scratch:
        origin = f"It is a {kind} model{size}, trained from random weights"
    else:
        base = code(portable_recipe(recipe)["model"]["name"])
        origin = f"It is {base}, a {kind} model{size}, fine-tuned"
    return f"{what}. {origin} by t5tune."


def _usage(facts: ModelFacts) -> Iterator[str]:
    source = facts.example_source or "Hello."
    is_short = len(source) <= _LONGEST_EXAMPLE
    if not is_short:
        source = source[:_LONGEST_EXAMPLE]
    yield (
        "With t5tune, which knows prefix, languages and lengths; `.` is the directory of this "
        "file, or give the model's name on the hub:"
    )
    languages = "".join(
        f" --{side}-lang {shlex.quote(code)}" for side, code in facts.needed_languages.items()
    )
    yield _fenced("sh", f"t5tune translate --model .{languages} -- {shlex.quote(source)}")
    yield "With Transformers" + (
        f"; every source needs the prefix {code(facts.prefix)}:" if facts.prefix else ":"
    )
    yield _fenced(
        "python", _python_example(facts, source, facts.example_output if is_short else "")
    )
    if facts.prefix:
        yield "Without the prefix the model has not been trained, and its output means nothing."


def _python_example(facts: ModelFacts, source: str, output: str) -> str:
    prefix = f"{facts.prefix!r} + " if facts.prefix else ""
    cut = f", truncation=True, max_length={facts.max_source_length}"
    lines = [
        "from transformers import AutoModelForSeq2SeqLM, AutoTokenizer",
        "",
        'name = "."',
        "tokenizer = AutoTokenizer.from_pretrained(name)",
        "model = AutoModelForSeq2SeqLM.from_pretrained(name)",
        f"text = {prefix}{source!r}",
        f'inputs = tokenizer(text, return_tensors="pt"{cut if facts.max_source_length else ""})',
        "print(tokenizer.decode(model.generate(**inputs)[0], skip_special_tokens=True))",
    ]
    if output:
        lines.append(f"# {output!r}")
    return "\n".join(lines)


def _scored(report: Report) -> str:
    text = (
        f"On {report.num_examples:,} examples of the {escape(report.split or 'test')} split, "
        f"decoded with {code(report.engine or 'unknown')}"
    )
    if report.decoding:
        settings = (f"{key}={value}" for key, value in report.decoding.items())
        text += f" ({code(', '.join(settings))})"
    return (
        text + ". Computed by t5tune; nobody else has verified them. A signature states everything "
        "that changes a score: compare only scores with equal signatures."
    )


def _limits(recipe: ResolvedRecipe, report: Report) -> str:
    items = [
        "Made for texts like those of the training data below; on other kinds of text it has not "
        "been measured."
    ]
    if recipe.source_lang and recipe.target_lang:
        directions = recipe.data.find_directions((recipe.source_lang, recipe.target_lang))
        pairs = ", ".join(f"{code(str(one))} to {code(str(other))}" for one, other in directions)
        only = "One direction only" if len(directions) == 1 else "These directions only"
        items.append(f"{only}: {pairs}. Other languages give no useful output.")
    longest = f"{recipe.data.max_source_length:,} tokens, prefix and end of sequence included"
    items.append(
        f"Sources are cut after {longest}."
        if recipe.data.long_sources == CUT
        else f"t5tune reads sources of more than {longest}, in chunks and joins the outputs; other "
        "programs cut them."
    )
    if limit := report.decoding.get("max_new_tokens"):
        limited = report.length_limited
        items.append(
            f"Outputs end after {limit} tokens at the latest"
            + ("." if limited is None else f"; {limited:,} of those scored here did.")
        )
    if recipe.model.is_from_scratch:
        items.append("It was not pretrained: it knows only the words of its training data.")
    items += [
        f"{escape(found.title)}: {found.num_found:,} of {found.num_checked:,} outputs."
        for found in report.findings
        if found.is_notable and found.name != LEAKED  # which is said beside the scores
    ]
    items.append(
        "Outputs are not checked: the model can be fluent and wrong. Where errors matter, a person "
        "has to read them."
    )
    items.append(
        "No licence is stated: it follows from the model and the data that this one was made from."
    )
    return "\n".join(f"- {item}" for item in items)


def _data_table(data: DataSection, num_examples: Mapping[str, int]) -> str:
    rows = []
    for split, entry in data.entries.items():
        num = value_of_entry(num_examples, split)
        size = "not recorded" if num is None else f"{num:,}"
        rows.append([split, cell(describe_data(entry.place)), size])
    return table_of(["split", "data", "examples"], rows)


def _training_table(recipe: ResolvedRecipe, weights: str | None, facts: ModelFacts) -> str:
    training, adapter = recipe.training, recipe.model.adapter
    rows: dict[str, Any] = {
        "optimizer steps": f"{facts.num_steps:,}" if facts.num_steps else None,
        "weights": weights,
        "time": f"{facts.seconds / 60:,.1f} minutes" if facts.seconds else None,
        "adapter, merged into the weights": adapter and adapter.describe(),
        "frozen": ", ".join(recipe.model.freeze) or None,
        "trained parameters": f"{facts.num_trained:,}" if facts.num_trained else None,
        "optimizer": training.optim,
        "learning rate": training.learning_rate,
        "precision": "bf16" if training.bf16 else "fp32",
        "regularizers": "; ".join(training.regularization.describe()) or None,
        "seed": training.seed,
        "hardware": facts.hardware,
        "software": facts.software,
    }
    return table_of(
        ["", ""], [[key, cell(str(value))] for key, value in rows.items() if value is not None]
    )


def _fenced(language: str, text: str) -> str:
    """Return a block of code whose fence is longer than any run of backticks inside."""
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"
