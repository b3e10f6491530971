"""A data entry of a recipe: where some examples come from."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field, create_model, field_validator, model_validator

from t5tune.files.encodings import is_text_encoding
from t5tune.files.formats import FORMATS
from t5tune.recipe.places import PLACES, SHARED_KEYS, CutSplit, FileNames, HubSplit, Place
from t5tune.recipe.sections.section import MOST, Count, PositiveInt, Section

# Slices of splits as `datasets` reads them, joined by plus signs.
_PART = r"\s*\w+(\.\w+)*(\[(-?[\d_]+%?)?:(-?[\d_]+%?)?\])?(\(\w*\))?\s*"
_SLICES = re.compile(rf"{_PART}(\+{_PART})*")

if TYPE_CHECKING:
    FormatName = str
else:  # no type checker can read a table
    FormatName = Literal[tuple(FORMATS)]


def _check_origin(value: Any) -> Any:
    if value is None or value == "train":
        return value
    raise ValueError(
        f"only train can be cut, and {value!r} is another split; write `from: train`"
        if isinstance(value, str)
        else "write `from: train`; other splits are never cut"
    )


def _check_size(value: Any) -> Any:
    is_share = isinstance(value, str) and re.fullmatch(r"\d+(\.\d+)? ?%", value)
    if is_share and not 0 < float(value.rstrip("% ")) < 100:
        raise ValueError(f"a share is more than 0% and less than 100%, and this is {value}")
    number = int(value) if isinstance(value, float) and value.is_integer() else value
    is_number = isinstance(number, int) and not isinstance(number, bool) and 1 <= number <= MOST
    if value is None or is_share or is_number:
        return number
    raise ValueError(
        f"write a number of examples, such as 2000, or a share, such as 5%; found {value!r:.60}"
    )


if TYPE_CHECKING:

    class _CutKeys(Section): ...
else:  # `from` is a word of Python, so that no class can declare it
    _CutKeys = create_model(
        "_CutKeys",
        __base__=Section,
        **{
            "from": (
                Annotated[Literal["train"] | None, BeforeValidator(_check_origin)],
                Field(
                    default=None,
                    description="train: this split is cut from data.train, which leaves it out.",
                ),
            )
        },
    )


class DataEntry(_CutKeys):
    """Where the examples of one split come from."""

    size: Annotated[int | str | None, BeforeValidator(_check_size)] = Field(
        default=None, description="With `from`: number of examples, or a share such as 5%."
    )
    seed: Count | None = Field(
        default=None,
        description="With `from`: another number cuts other examples; 0 if left out, whatever "
        "training.seed is.",
    )
    hub: str | None = Field(default=None, description="Data set id on the hub.")
    config: str | None = Field(default=None, description="Configuration of the hub data set.")
    split: str | None = Field(
        default=None,
        description="Split of the hub data set (slices such as train[:1%] work), or of a directory "
        "that was saved with several, or sheet of a spreadsheet.",
    )
    revision: str | None = Field(default=None, description="Branch, tag or commit on the hub.")
    file: FileNames | None = Field(
        default=None,
        description="TSV, CSV, JSONL, JSON, Parquet, Arrow, TMX, XLIFF or text file, spreadsheet, "
        "directory of save_to_disk, pattern such as train-*.tsv, or a list of these.",
    )
    source_file: FileNames | None = Field(
        default=None, description="Text file with one source per line, a pattern, or a list."
    )
    target_file: FileNames | None = Field(
        default=None, description="Text file with one target per line, a pattern, or a list."
    )
    sacrebleu: str | None = Field(
        default=None,
        description="Test set that sacreBLEU knows by name, such as wmt20, in source_lang and "
        "target_lang.",
    )
    format: FormatName | None = Field(
        default=None, description="Format of `file` if its ending does not tell."
    )
    columns: list[str] | None = Field(
        default=None,
        description="Names of the columns of a TSV or CSV file or a spreadsheet without a header "
        "line.",
    )
    delimiter: str | None = Field(
        default=None,
        min_length=1,
        description="Text between the columns of a TSV or CSV file, such as ';'; a tab or a comma "
        "if left out.",
    )
    skip_rows: PositiveInt | None = Field(
        default=None,
        description="Number of rows that are not blank above the names of the columns of a TSV or "
        "CSV file or a spreadsheet, such as a title.",
    )
    encoding: str | None = Field(
        default=None, description="Encoding of text files, such as cp1252; UTF-8 if left out."
    )
    on_bad_row: Literal["error", "skip"] | None = Field(
        default=None,
        description="skip: leave out and count rows that cannot be read, such as one with too few "
        "columns; error if left out.",
    )
    source: str | None = Field(
        default=None,
        description="Column of the source, or a template such as '{question} {context}'.",
    )
    target: str | None = Field(default=None, description="Column of the target, or a template.")
    references: list[str] | None = Field(
        default=None,
        description="Columns (or text files beside `target_file`) with further references.",
    )
    prefix: str | None = Field(
        default=None, description="Text before every source; the family's own if left out."
    )
    max_examples: PositiveInt | None = Field(
        default=None,
        description="Number of examples to use, counted from the first; all if left out.",
    )
    streaming: bool | None = Field(
        default=None,
        description="train only: tokenize while training and store nothing, for data that does "
        "not fit on a disk; needs training.max_steps.",
    )
    shuffle_buffer: PositiveInt | None = Field(
        default=None,
        description="With streaming: number of examples that are shuffled and batched together; "
        "100000 if left out.",
    )

    @property
    def place(self) -> Place:
        """Place of the examples, as the given keys determine it."""
        (kind,) = self._chosen_places()
        return kind(**{key: getattr(self, key) for key in kind.own_keys() if self._has(key)})

    def _has(self, key: str) -> bool:
        return getattr(self, key) is not None

    def _chosen_places(self) -> list[type[Place]]:
        return [kind for kind in PLACES if any(map(self._has, kind.chosen_by))]

    @model_validator(mode="after")
    def _one_place(self) -> DataEntry:
        chosen = self._chosen_places()
        if len(chosen) != 1:
            *others, last = [" with ".join(f"`{key}`" for key in one.chosen_by) for one in PLACES]
            raise ValueError(f"give one of {', '.join(others)}, or {last}")
        (kind,) = chosen
        for key in kind.needed_keys():
            if not self._has(key) and key in kind.chosen_by:
                raise ValueError(
                    " and ".join(f"`{one}`" for one in kind.chosen_by) + " go together"
                )
            if not self._has(key):
                raise ValueError(f"`{kind.chosen_by[0]}` needs a `{key}`")
        for key in (key for other in PLACES for key in other.own_keys()):
            if key not in (*kind.own_keys(), *SHARED_KEYS) and self._has(key):
                owners = [f"`{one.chosen_by[0]}`" for one in PLACES if key in one.own_keys()]
                raise ValueError(f"`{key}` requires {' or '.join(owners)}")
        split = self.split or ""
        if kind is HubSplit and "[" in split and not _SLICES.fullmatch(split):
            raise ValueError(
                f"`split` {split!r} is not a slice that can be read, such as train[:1%] or "
                "train[100:200]+validation"
            )
        if self.shuffle_buffer is not None and not self.streaming:
            raise ValueError("`shuffle_buffer` requires `streaming: true`")
        if kind is CutSplit:
            for key in ("source", "target", "references", "max_examples", "on_bad_row"):
                if self._has(key):
                    raise ValueError(f"`{key}` belongs to data.train, which this split is cut from")
        return self

    @field_validator("encoding")
    @classmethod
    def _encoding_is_known(cls, encoding: str | None) -> str | None:
        if encoding is not None and not is_text_encoding(encoding):
            raise ValueError(f"{encoding!r} is not an encoding that Python knows")
        return encoding

    @field_validator("delimiter")
    @classmethod
    def _delimiter_separates(cls, delimiter: str | None) -> str | None:
        if delimiter is not None and any(mark in delimiter for mark in '"\r\n'):
            raise ValueError("a delimiter has neither quotation marks nor line breaks")
        return delimiter
