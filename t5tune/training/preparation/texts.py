"""The texts of a run: training pairs, which stay on disk, and the two sets that are translated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from t5tune.console import track
from t5tune.data.examples import Examples, load_examples
from t5tune.data.fingerprints import fingerprint_rows
from t5tune.data.readers.open_splits import describe_place
from t5tune.data.store.data_identity import DataIdentity
from t5tune.data.store.stored_cuts import StoredCuts
from t5tune.data.training_text import TrainingText, join_texts, open_training
from t5tune.errors import T5TuneError
from t5tune.models.language_directions import list_tags
from t5tune.recipe.places import Place
from t5tune.recipe.sections.data_section import DataSection


@dataclass(frozen=True)
class TextsOfEntry:
    """Training pairs of one entry.

    Attributes:
        text: The pairs.
        identity: What decides them.
        title: Its key in the recipe, with its name in a mixture.
    """

    text: TrainingText
    identity: DataIdentity
    title: str = "data.train"


@dataclass(frozen=True)
class Texts:
    """Texts without their prefix.

    Attributes:
        training: Training pairs, of a mixture those of all entries.
        identity: What decides them.
        validation: Validation set.
        test: Test set; None where the recipe has none.
        languages: Source and target language codes of the recipe.
        objective: How plain text becomes examples; None for pairs.
        mixture: Texts of the entries of a mixture, by their keys; empty for one entry.
        tags: Words that name a direction, where there are several.
    """

    training: TrainingText
    identity: DataIdentity
    validation: Examples
    test: Examples | None
    languages: tuple[str | None, str | None] = (None, None)
    objective: str | None = None
    mixture: Mapping[str, TextsOfEntry] = field(default_factory=dict)
    tags: Sequence[str] = ()

    @property
    def entries(self) -> Mapping[str, TextsOfEntry]:
        """Texts of the training entries, by their keys."""
        return self.mixture or {"train": TextsOfEntry(self.training, self.identity)}

    @property
    def translated(self) -> list[Examples]:
        """Sets that are translated and scored."""
        sets = [self.validation] if self.test is None else [self.validation, self.test]
        return [*sets, *(other for one in sets for other in one.others)]

    @property
    def reported(self) -> Examples:
        """Set that the report is about."""
        return self.test or self.validation

    def count_examples(self, of_training: Mapping[str, int]) -> dict[str, int]:
        """Return the number of examples by split, with those of entries; see `value_of_entry`."""
        counts = dict(of_training)
        for split, examples in (("validation", self.validation), ("test", self.test)):
            for number, one in enumerate(() if examples is None else (examples, *examples.others)):
                counts[f"{split}[{number}]" if number else split] = len(one.sources)
        return counts

    def list_remarks(self, of_training: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        """Return by keys of the recipe what was noticed while the splits were read."""
        remarks = {f"data.{key}": sentences for key, sentences in of_training.items()}
        remarks["data.validation"] = self.validation.remarks
        if self.test is not None:
            remarks["data.test"] = self.test.remarks
        return {key: list(sentences) for key, sentences in remarks.items() if sentences}

    @track("taking fingerprints of the data")
    def fingerprint_validation(self) -> dict[str, str]:
        """Return the SHA-256 of what validations read, by the entry."""
        found = {"data.validation": _fingerprint(self.validation)}
        for number, other in enumerate(self.validation.others, start=1):
            found[f"data.validation[{number}]"] = _fingerprint(other)
        return found


def _fingerprint(examples: Examples) -> str:
    pairs = zip(examples.sources, examples.references, strict=True)
    return fingerprint_rows([source, *others] for source, others in pairs)


def open_texts(data: DataSection, source_lang: str | None, target_lang: str | None) -> Texts:
    """Open every split, so that a missing test file is found before training, not after.

    Raises:
        T5TuneError: A split cannot be read, or nothing is left of it.
    """
    languages = source_lang, target_lang
    cuts = StoredCuts(data, *languages)
    opened = open_training(data, *languages, cuts)
    validation = load_examples(data, "validation", *languages, cuts)
    _refuse_blank(validation, data.entries[data.key_of("validation")].place)
    test = load_examples(data, "test", *languages, cuts) if data.test is not None else None
    objective = None if data.denoise is None else data.denoise.objective
    mixture = {
        key: TextsOfEntry(opened[key], cuts.identities[key], f"data.{key} ({entry.title})")
        for key, entry in zip(opened, data.mixture, strict=bool(data.mixture))
    }
    training = join_texts(opened.values())
    tags = list_tags(data, languages)
    return Texts(training, cuts.identity, validation, test, languages, objective, mixture, tags)


def _refuse_blank(validation: Examples, place: Place) -> None:
    """Refuse blank validation sources: neither validation nor a stored sentence can use them."""
    if not any(source.strip() for source in validation.sources):
        raise T5TuneError(
            f"data.validation: every source in {describe_place(place)} is blank.",
            next_command="correct `source:` under data.validation in the recipe",
        )
