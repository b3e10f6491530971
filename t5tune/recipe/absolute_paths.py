"""Paths in a recipe made absolute, from where each was written."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from t5tune.recipe.contrastive_names import SHIPPED
from t5tune.recipe.places import FILE_KEYS, FileNames
from t5tune.recipe.sections.augment_section import AUGMENTATIONS, AugmentSection
from t5tune.recipe.sections.data_entry import DataEntry
from t5tune.recipe.sections.data_section import DataSection, split_key
from t5tune.recipe.sections.evaluation_section import EvaluationSection
from t5tune.recipe.sections.model_section import ModelSection
from t5tune.recipe.yaml_lines import KeyPath

RELATIVE = ("./", "../")  # beginnings of names of models that are directories, not hub ids

SomeEntry = TypeVar("SomeEntry", bound=DataEntry)


@dataclass(frozen=True)
class AbsolutePaths:
    """Relative paths start at the recipe's directory, those in overrides at the current one.

    Whether the files exist is checked when they are read.
    """

    directory: Path  # of the recipe
    overridden: Sequence[KeyPath]

    def of(self, value: FileNames | None, *key: str | int) -> Any:
        """Return the paths of a key: one, or a list of them."""
        if not isinstance(value, str):
            return None if value is None else [self.of(name, *key) for name in value]
        if value.startswith("~"):
            return value
        is_overridden = any(key[: len(path)] == path for path in self.overridden)
        base = "" if is_overridden else str(self.directory)
        return os.path.abspath(os.path.join(base, value))  # noqa: PTH100, PTH118 (no symlinks)

    def of_entry(self, entry: SomeEntry, *key: str | int) -> SomeEntry:
        """Return a data entry with absolute paths."""
        paths: dict[str, Any] = {
            name: self.of(getattr(entry, name), *key, name) for name in FILE_KEYS
        }
        if entry.target_file is not None and entry.references:
            paths["references"] = self.of(entry.references, *key, "references")
        return entry.model_copy(update=paths)

    def of_data(self, section: DataSection) -> DataSection:
        """Return the section with absolute paths of its splits and of its augmentations."""
        section = section.with_entries(
            {
                key: self.of_entry(entry, "data", *split_key(key))
                for key, entry in section.entries.items()
            }
        )
        if section.augment is None:
            return section
        return section.model_copy(update={"augment": self._of_augmentations(section.augment)})

    def _of_augmentations(self, section: AugmentSection) -> AugmentSection:
        updates = {
            name: options.model_copy(
                update={"file": self.of(options.file, "data", "augment", name, "file")}
            )
            for name in AUGMENTATIONS
            if (options := getattr(section, name)) is not None and hasattr(options, "file")
        }
        return section.model_copy(update=updates)

    def of_evaluation(self, section: EvaluationSection) -> EvaluationSection:
        """Return the section with absolute paths; contrastive sets that ship keep their names."""
        updates: dict[str, Any] = {
            "contrastive": self._of_contrastive(section.contrastive),
            "keep": [
                self.of_entry(task, "evaluation", "keep", number)
                for number, task in enumerate(section.keep)
            ],
        }
        return section.model_copy(update=updates)

    def _of_contrastive(self, value: FileNames | None) -> Any:
        if isinstance(value, list):
            return [self._of_contrastive(name) for name in value]
        return value if value in SHIPPED else self.of(value, "evaluation", "contrastive")

    def of_model(self, section: ModelSection) -> ModelSection:
        """Return the section; only names that begin with a dot and a slash are paths."""
        if section.name is not None and section.name.startswith(RELATIVE):
            return section.model_copy(update={"name": self.of(section.name, "model", "name")})
        scratch = section.from_scratch
        if scratch is None or not (scratch.tokenizer.name or "").startswith(RELATIVE):
            return section
        key = ("model", "from_scratch", "tokenizer", "name")
        tokenizer = scratch.tokenizer.model_copy(
            update={"name": self.of(scratch.tokenizer.name, *key)}
        )
        return section.model_copy(
            update={"from_scratch": scratch.model_copy(update={"tokenizer": tokenizer})}
        )
