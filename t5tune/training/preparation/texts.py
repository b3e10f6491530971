"""The texts of a run: training pairs, and the two sets that are only translated."""

from __future__ import annotations

from dataclasses import dataclass

from t5tune.console import say, track
from t5tune.data.cleaning import clean_training_data
from t5tune.data.examples import Examples, load_examples
from t5tune.data.fingerprints import fingerprint_rows
from t5tune.data.readers.sources import describe_place, load_split
from t5tune.errors import T5TuneError
from t5tune.recipe.places import Place
from t5tune.recipe.schema import DataSection


@dataclass(frozen=True)
class Texts:
    """Texts without their prefix.

    Attributes:
        sources: Sources of the training pairs.
        targets: Targets of the training pairs.
        validation: Validation set.
        test: Test set; None where the recipe has none.
    """

    sources: list[str]
    targets: list[str]
    validation: Examples
    test: Examples | None

    @property
    def num_examples(self) -> dict[str, int]:
        """Number of examples by split."""
        counts = {"train": len(self.sources), "validation": len(self.validation.sources)}
        return counts if self.test is None else {**counts, "test": len(self.test.sources)}

    @track("taking fingerprints of the data")
    def fingerprints(self) -> dict[str, str]:
        """Return the SHA-256 of what training and validations read, by keys of the recipe."""
        validation = zip(self.validation.sources, self.validation.references, strict=True)
        return {
            "data.train": fingerprint_rows(zip(self.sources, self.targets, strict=True)),
            "data.validation": fingerprint_rows([source, *others] for source, others in validation),
        }


def load_texts(data: DataSection, source_lang: str | None, target_lang: str | None) -> Texts:
    """Read every split, so that a missing test file is found before training, not after.

    Raises:
        T5TuneError: A split cannot be read, or nothing is left of it.
    """
    languages = source_lang, target_lang
    dataset, cleaning = clean_training_data(load_split(data, "train", *languages))
    validation = load_examples(data, "validation", *languages)
    _refuse_blank(validation, data.validation.place)
    test = load_examples(data, "test", *languages) if data.test is not None else None
    texts = Texts(dataset["source"][:], dataset["target"][:], validation, test)
    blank = f" ({cleaning.num_blank:,} blank ones left out)" if cleaning.num_blank else ""
    counts = texts.num_examples
    line = f"{counts['train']:,} training examples{blank}, {counts['validation']:,} validation"
    say(f"data: {line}" + (f", {counts['test']:,} test" if "test" in counts else ""))
    return texts


def _refuse_blank(validation: Examples, place: Place) -> None:
    """Refuse blank validation sources: neither validation nor a stored sentence can use them."""
    if not any(source.strip() for source in validation.sources):
        raise T5TuneError(
            f"data.validation: every source in {describe_place(place)} is blank.",
            next_command="correct `source:` under data.validation in the recipe",
        )
