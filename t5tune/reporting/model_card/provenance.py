"""Origin of a run's report, for its page: model, data, training, machine and command."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from t5tune.data.examples import Examples
from t5tune.data.fingerprints import fingerprint_rows
from t5tune.files.json_values import read_object
from t5tune.recipe.resolved_recipe import ResolvedRecipe
from t5tune.recipe.sections.data_section import DataSection
from t5tune.recipe.sections.model_section import ModelSection
from t5tune.reporting.model_card.facts import (
    ModelFacts,
    describe_data,
    portable_command,
    portable_recipe,
    read_facts,
    value_of_entry,
)
from t5tune.reporting.reports.report_details import Provenance
from t5tune.run.directory import RunDirectory

_NAMES = {"train": "Training", "validation": "Validation", "test": "Test"}
_SHOWN_DIGITS = 16  # of a SHA-256; environment.json has all 64


def describe_provenance(
    run: RunDirectory, recipe: ResolvedRecipe, examples: Examples
) -> Provenance:
    """Return what a reader needs to judge and reproduce the report.

    Only recorded facts appear, and files without their directories. A missing or damaged file
    leaves its facts out.
    """
    environment = read_object(run.environment)
    facts, portable = read_facts(run), portable_recipe(recipe)
    rows = [
        ("Model", _describe_model(recipe.model, portable["model"].get("name"), facts)),
        *_data_rows(recipe.data, facts, environment, examples),
        ("Training", _describe_training(facts)),
        ("Started", str(environment.get("started") or "")),
        ("Hardware", facts.hardware or ""),
        ("Software", facts.software or ""),
        ("Git revision", str(environment.get("git_revision") or "")),
        ("Command", portable_command(str(environment.get("command") or ""))),
    ]
    text = yaml.safe_dump(portable, sort_keys=False, allow_unicode=True)
    return Provenance(tuple((name, value) for name, value in rows if value), text)


def _describe_model(section: ModelSection, name: str | None, facts: ModelFacts) -> str:
    size = f", {facts.num_parameters:,} parameters" if facts.num_parameters else ""
    if facts.num_trained:
        kind = section.adapter.describe() if section.adapter else "the others are frozen"
        size += f", {facts.num_trained:,} trained ({kind})"
    if name is None:
        return f"{facts.model_type} from random weights{size}"
    revision = f", revision {section.revision}" if section.revision else ""
    return f"{name} ({facts.model_type}){size}{revision}"


def _describe_training(facts: ModelFacts) -> str:
    parts = [
        f"{facts.num_steps:,} steps" if facts.num_steps else "",
        f"{facts.seconds / 60:,.1f} minutes" if facts.seconds else "",
    ]
    return " in ".join(part for part in parts if part)


def _data_rows(
    data: DataSection, facts: ModelFacts, environment: Mapping[str, Any], examples: Examples
) -> Iterator[tuple[str, str]]:
    recorded = environment.get("data_sha256")
    recorded = recorded if isinstance(recorded, Mapping) else {}
    for split, entry in data.entries.items():
        fingerprint = value_of_entry(recorded, f"data.{split}")
        num_examples = value_of_entry(facts.num_examples, split)
        if split.removesuffix("[0]") == examples.split:
            pairs = zip(examples.sources, examples.references, strict=True)
            fingerprint = fingerprint_rows([source, *others] for source, others in pairs)
            num_examples = len(examples.sources)
        parts = [
            describe_data(entry.place),
            f"{num_examples:,} examples" if num_examples else "",
            f"SHA-256 {fingerprint[:_SHOWN_DIGITS]}…" if isinstance(fingerprint, str) else "",
        ]
        name, _, number = split.partition("[")  # train[0] is the first entry of a mixture
        count = f" {int(number.rstrip(']')) + 1}" if number else ""
        yield f"{_NAMES[name]} data{count}", ", ".join(part for part in parts if part)
