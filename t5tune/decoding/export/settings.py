"""Exports as they are stored, and whether they match their model. Imports no model library."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from t5tune.decoding.translator import DecodingOptions
from t5tune.errors import T5TuneError, did_you_mean
from t5tune.files.json_values import read_object
from t5tune.models.input_settings import CUT, Direction, InputSettings, without_unused
from t5tune.run.directory import RunDirectory
from t5tune.run.manifest import find_damage_at_a_glance, fingerprint_directory

SETTINGS_FILE = "t5tune.json"
PARITY_FILE = "parity.json"
# CTranslate2's, of both sides or of one.
_VOCABULARY_FILES = tuple(f"{of}_vocabulary.json" for of in ("shared", "source", "target"))
ENGINE_PREFIX = "ctranslate2-"

# A beam search of CTranslate2 stops when patience * beams hypotheses have ended; that of `generate`
# when no running one can become better. With a patience of 2 the hypotheses are the same
# (docs/translation.md); a smaller one is faster.
PATIENCE = 2.0

# The fastest is the first, on a CPU; those with float16 need a GPU.
QUANTIZATIONS = ("int8", "int8_float16", "int8_bfloat16", "bfloat16", "float16", "float32")


@dataclass(frozen=True)
class Turn:
    """What tells a model with tokens of languages one of its directions.

    Attributes:
        before: Tokens before every source.
        after: Tokens after every source.
        forced_bos_token_id: See `Beginning`, like the next one.
        decoder_start_token_id: If there is one, the weights are stored without one of their own.
        targets: As in `ExportSettings`.
    """

    before: Sequence[int]
    after: Sequence[int]
    forced_bos_token_id: int | None
    decoder_start_token_id: int | None
    targets: dict[str, Any] | None


@dataclass(frozen=True)
class ExportSettings:
    """Everything that translating needs besides the weights."""

    name: str  # of the run
    quantization: str
    model: str  # fingerprint of the `model/` that the weights were made from
    prefix: str  # as in `InputSettings`, like the next one
    max_source_length: int | None
    eos_token_id: int
    forced_bos_token_id: int | None  # see `InputSettings`
    tokenization: dict[str, Any]  # for `load_tokenization`
    decoding: dict[str, Any]  # the run's `DecodingOptions`
    # Tokens that are never generated, as arguments of `ctranslate2.Translator.translate_batch`.
    constraints: dict[str, Any] = field(default_factory=dict)
    patience: float = PATIENCE
    # Fields of the `TargetFrame`; None where the stored tokenizer cannot encode targets, as in
    # exports of earlier versions.
    targets: dict[str, Any] | None = None
    long_sources: str = CUT  # as in `InputSettings`, like the next two
    source_lang: str | None = None
    decoder_start_token_id: int | None = None
    normalization: Sequence[str] = ()
    directions: Sequence[Mapping[str, Any]] = ()  # fields of each `Direction`
    # Fields of the `Turn` of each direction, where tokens name languages; exports of earlier
    # versions have none.
    turns: Sequence[Mapping[str, Any]] = ()

    @property
    def input(self) -> InputSettings:
        """Input settings of the model."""
        return InputSettings(
            self.prefix,
            self.max_source_length,
            self.forced_bos_token_id,
            self.long_sources,
            self.source_lang,
            self.decoder_start_token_id,
            tuple(self.normalization),
            tuple(Direction(**one) for one in self.directions),
        )

    def speaks(self, source_lang: str | None, target_lang: str | None) -> bool:
        """Return whether the export can translate between these languages.

        One of an earlier version whose tokens name languages has one direction.
        """
        directions = self.input.directions
        if self.turns or not any(one.has_tokens for one in directions):
            return True
        return self.input.choose(source_lang, target_lang) == directions[0]

    @property
    def options(self) -> DecodingOptions:
        return DecodingOptions(**self.decoding)


@dataclass(frozen=True)
class Export:
    """A directory that `t5tune export` wrote."""

    path: Path
    settings: ExportSettings  # contents of `t5tune.json`
    parity: dict[str, Any]  # contents of `parity.json`; empty if nothing was measured

    @property
    def engine(self) -> str:
        """Name for `--engine` and for reports."""
        return ENGINE_PREFIX + self.settings.quantization

    @property
    def may_be_default(self) -> bool:
        """Whether the export lost next to nothing of its model's score when it was made."""
        return bool(self.parity.get("may_be_default", False))


def check_quantization(name: str) -> None:
    """Refuse an unknown quantization.

    Raises:
        T5TuneError: It is not a quantization; the next command lists them.
    """
    if name not in QUANTIZATIONS:
        raise T5TuneError(
            f"--quantization: {name} does not exist{did_you_mean(name, QUANTIZATIONS)}",
            next_command=f"use one of {', '.join(QUANTIZATIONS)}",
        )


def is_export(directory: Path) -> bool:
    """Return whether `t5tune export` wrote this directory, even if it is damaged now."""
    return any((directory / name).is_file() for name in (SETTINGS_FILE, PARITY_FILE))


def read_export(directory: Path) -> Export:
    """Read an export without opening its weights.

    Raises:
        T5TuneError: A file is missing, cut off or has been changed.
    """
    problem = find_damage_at_a_glance(directory)
    if problem is not None:
        raise refuse_export(directory, problem)
    parity = read_object(directory / PARITY_FILE)
    try:
        settings = ExportSettings(**read_object(directory / SETTINGS_FILE))
        DecodingOptions(**settings.decoding)
    except TypeError as error:
        problem = f"another version of t5tune wrote {SETTINGS_FILE}"
        raise refuse_export(directory, problem) from error
    return Export(directory, settings, parity)


def read_vocabularies(directory: Path) -> tuple[list[str], list[str]]:
    """Return the tokens of sources and of targets of an export, in the order of their ids.

    Raises:
        OSError: A file is missing.
    """
    shared, *of_sides = (directory / name for name in _VOCABULARY_FILES)
    paths = of_sides if of_sides[0].is_file() else [shared, shared]
    sources, targets = (json.loads(path.read_text(encoding="utf-8")) for path in paths)
    return sources, targets


def refuse_export(directory: Path, problem: str) -> T5TuneError:
    """Return the error for an export that cannot be used."""
    return T5TuneError(f"{directory}: {problem}.", next_command=remake_command(directory))


def remake_command(directory: Path, patience: float | None = None) -> str:
    """Return the command that makes an export again as it was made.

    An export that does not exist yet has the given patience.
    """
    known = read_object(directory / SETTINGS_FILE)
    quantization = known.get("quantization")
    patience = known.get("patience") if patience is None else patience
    run = RunDirectory(directory.parent)
    own = directory.name.removeprefix(ENGINE_PREFIX)
    is_in_run = run.is_run and own in QUANTIZATIONS
    words = ["t5tune", "export", str(run.path) if is_in_run else "RUN"]
    if is_in_run:
        quantization = own
    else:
        words += ["--output-dir", str(directory)]
    if quantization in QUANTIZATIONS[1:]:
        words += ["--quantization", str(quantization)]
    if isinstance(patience, int | float) and patience != PATIENCE:
        words += ["--patience", str(patience)]
    return shlex.join(words)


def write_settings(settings: ExportSettings, directory: Path) -> None:
    """Write `t5tune.json`."""
    values = without_unused(asdict(settings))
    if not settings.turns:
        del values["turns"]
    text = json.dumps(values, ensure_ascii=False, indent=1)
    (directory / SETTINGS_FILE).write_text(text + "\n", encoding="utf-8")


def list_exports(run: RunDirectory) -> Iterator[Path]:
    """Yield the directories of the exports of a run, fastest first."""
    for quantization in QUANTIZATIONS:
        if is_export(run.export(quantization)):
            yield run.export(quantization)


def is_fresh(export: Export, run: RunDirectory) -> bool:
    """Return whether an export was made from the model that the run has now."""
    return export.settings.model == fingerprint_directory(run.model)
