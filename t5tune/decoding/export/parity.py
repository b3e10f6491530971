"""Exports, each compared with its model before it translates anything."""

from __future__ import annotations

import errno
import json
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from t5tune.console import say, track
from t5tune.data.examples import Examples, load_examples
from t5tune.decoding.ctranslate2_device import check_availability
from t5tune.decoding.ctranslate2_translator import CTranslate2Translator
from t5tune.decoding.export.conversion import convert_model
from t5tune.decoding.export.settings import (
    ENGINE_PREFIX,
    PARITY_FILE,
    PATIENCE,
    Export,
    ExportSettings,
    is_export,
    is_fresh,
    read_export,
    remake_command,
)
from t5tune.decoding.found_model import FoundRun, find_run
from t5tune.decoding.translator import DecodingOptions, Hypothesis, Translator
from t5tune.errors import T5TuneError
from t5tune.files.writing import UNWRITABLE, find_error_number
from t5tune.run.directory import RunDirectory
from t5tune.run.manifest import find_damage, fingerprint_directory, remove_directory, write_manifest
from t5tune.scoring.compute import main_score
from t5tune.scoring.registry import METRICS
from t5tune.scoring.score import ScoringOptions
from t5tune.scoring.system_output import SystemOutput

# Points of the best metric that an export may lose and still be the default engine.
MAX_LOSS = 0.3


@dataclass(frozen=True)
class Parity:
    """Comparison of an export with its model on the same validation examples."""

    metric: str  # name of the score
    signature: str
    num_examples: int
    torch: float  # score of the model, in fp32
    ctranslate2: float  # score of the export
    lost: float  # points of the score that the export loses; negative if it is better
    identical: float  # share of examples for which both have the same text
    torch_seconds: float  # for these examples, without loading the model
    ctranslate2_seconds: float
    speed_ratio: float  # seconds of torch divided by those of CTranslate2
    torch_device: str
    decoding: dict[str, object]  # search of both
    may_be_default: bool  # whether at most `MAX_LOSS` is lost, in every direction
    # Comparisons in the other directions of a model with several, by names such as `de-en`.
    directions: Mapping[str, Parity] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the contents of `parity.json`."""
        values = asdict(self)
        if not self.directions:
            del values["directions"]
        for name, other in self.directions.items():
            values["directions"][name] = other.to_json()
        return values


@dataclass(frozen=True)
class ModelSide:
    """The parts of a model's side of the comparison that a command already has.

    `hypotheses` are those of the run's search for all validation examples, and translating these
    took `seconds`, without loading the model.
    """

    model: FoundRun
    validation: Examples | None = None
    hypotheses: Sequence[Hypothesis] | None = None
    seconds: float | None = None


def export_run(
    run: RunDirectory,
    quantization: str = "int8",
    *,
    output_dir: Path | None = None,
    patience: float = PATIENCE,
    known: ModelSide | None = None,
) -> tuple[Export, Parity]:
    """Convert a run's model for CTranslate2, compare the two, and store and say the result.

    Args:
        run: Finished run with a complete model.
        quantization: Quantization of the weights.
        output_dir: Directory to write to instead of the one in the run, where `t5tune translate`
            finds it.
        patience: Finished hypotheses per beam after which a beam search stops.
        known: Parts that have been loaded, read or translated before; by default none.

    Raises:
        T5TuneError: The model does not exist, CTranslate2 does not support its family, this machine
            lacks the quantization, or the directory is not an export or cannot be written.
    """
    check_availability(quantization)
    target = output_dir or run.export(quantization)
    if target.exists() and not is_export(target):
        raise T5TuneError(
            f"{target} exists and is not an export.",
            next_command="--output-dir DIR   # DIR does not exist",
        )
    temporary = target.with_name(target.name + ".tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        temporary.mkdir(parents=True)  # fails before minutes of translating, if it must
        temporary.rmdir()
        settings, parity = _build(run, quantization, patience, temporary, known)
        text = json.dumps(parity.to_json(), ensure_ascii=False, indent=1)
        (temporary / PARITY_FILE).write_text(text + "\n", encoding="utf-8")
        write_manifest(temporary, {"model": settings.model})
        remove_directory(target)
        os.replace(temporary, target)
    except BaseException as error:
        shutil.rmtree(temporary, ignore_errors=True)
        number = find_error_number(error)
        if number in UNWRITABLE or isinstance(error, PermissionError):
            elsewhere = remake_command(run.export(quantization), patience)
            raise T5TuneError(
                f"{target} could not be written: {os.strerror(number or errno.EACCES)}.",
                next_command=f"{elsewhere} --output-dir DIR   # DIR is one that can be written",
            ) from error
        raise
    export = Export(target, settings, parity.to_json())
    _say_export(export, parity, run)
    return export, parity


def _build(
    run: RunDirectory, quantization: str, patience: float, directory: Path, known: ModelSide | None
) -> tuple[ExportSettings, Parity]:
    """Convert the model into a directory, and compare both on the validation examples."""
    known = known or ModelSide(find_run(run))
    is_warm = known.model.is_loaded  # it has translated for verify, and for the report
    loaded, recipe = known.model.load(), known.model.recipe
    examples = known.validation or load_examples(
        recipe.data, "validation", recipe.source_lang, recipe.target_lang
    )
    examples = examples.first(recipe.evaluation.max_validation_examples)
    options = loaded.options
    num = len(examples.sources)
    if known.hypotheses is not None and known.seconds is not None:
        expected = list(known.hypotheses[:num])
        torch_seconds = known.seconds * num / len(known.hypotheses)
    else:
        expected, torch_seconds = _translate(loaded.translator, examples, options, is_warm=is_warm)
    by_torch = [(expected, torch_seconds)]
    own, others = loaded.translator.settings.directions[:1], examples.others
    others = others if own else ()  # of a model with several directions
    for other in others:
        loaded.translator.use_direction(*other.languages)
        by_torch.append(_translate(loaded.translator, other, options, is_warm=True))
    for direction in own:
        loaded.translator.use_direction(*direction.languages)
    torch_device = str(loaded.translator.model.device)  # before the model moves to the CPU
    settings = convert_model(
        loaded.translator,
        options,
        directory,
        model_directory=run.model,
        quantization=quantization,
        name=run.name,
        fingerprint=fingerprint_directory(run.model) or "",
        sources=[source for one in (examples, *others) for source in one.sources],
        patience=patience,
    )
    if torch.cuda.is_available():
        torch.cuda.empty_cache()  # CTranslate2 has an allocator of its own
    translator = CTranslate2Translator(Export(directory, settings, {}))
    compared = []
    for one, (hypotheses, their_seconds) in zip((examples, *others), by_torch, strict=True):
        is_first = one is examples
        if not is_first:
            translator.use_direction(*one.languages)
        found, seconds = _translate(translator, one, options, is_warm=not is_first)
        target_lang = recipe.target_lang if is_first else one.languages[1]
        compared.append(
            compare(
                recipe.evaluation.best_metric,
                replace(recipe.scoring_options, target_lang=target_lang),
                one,
                (hypotheses, found),
                (their_seconds, seconds),
                torch_device=torch_device,
                decoding={**options.describe(), "patience": patience},
            )
        )
    first, *rest = compared
    named = {one.direction: parity for one, parity in zip(others, rest, strict=True)}
    may_be_default = all(parity.may_be_default for parity in compared)
    return settings, replace(first, directions=named, may_be_default=may_be_default)


def _translate(
    translator: Translator, examples: Examples, options: DecodingOptions, *, is_warm: bool = False
) -> tuple[list[Hypothesis], float]:
    """Return the hypotheses and the seconds that they took, without what happens only once."""
    if not is_warm:
        translator.translate(examples.sources[:1], options)
    num = len(examples.sources)
    with track(f"export: translating with {translator.engine}", num, "examples") as advance:
        start = time.perf_counter()
        hypotheses = translator.translate(examples.sources, options, advance)
        return hypotheses, time.perf_counter() - start


@track("export: scoring")
def compare(
    best_metric: str,
    scoring: ScoringOptions,
    examples: Examples,
    hypotheses: tuple[Sequence[Hypothesis], Sequence[Hypothesis]],
    seconds: tuple[float, float],
    *,
    torch_device: str,
    decoding: dict[str, object],
) -> Parity:
    """Score the hypotheses of torch and of CTranslate2, which took so many seconds."""
    metric = METRICS[best_metric]
    before, after = (
        main_score(
            metric.name,
            SystemOutput(
                [hypothesis.text for hypothesis in of_one], examples.references, examples.sources
            ),
            scoring,
        )
        for of_one in hypotheses
    )
    lost = before.value - after.value
    if metric.lower_is_better:
        lost = -lost
    same = sum(a.text == b.text for a, b in zip(*hypotheses, strict=True))
    return Parity(
        metric=before.name,
        signature=before.signature,
        num_examples=len(examples.sources),
        torch=before.value,
        ctranslate2=after.value,
        lost=lost,
        identical=same / len(examples.sources),
        torch_seconds=seconds[0],
        ctranslate2_seconds=seconds[1],
        speed_ratio=seconds[0] / seconds[1],
        torch_device=torch_device,
        decoding=decoding,
        may_be_default=lost <= MAX_LOSS,
    )


def describe_parity(parity: Parity) -> str:
    """Return the comparison as one line for people."""
    change = parity.ctranslate2 - parity.torch
    return (
        f"{parity.metric} {parity.ctranslate2:.2f} against torch's {parity.torch:.2f} "
        f"({change:+.2f}) on {parity.num_examples:,} validation examples, "
        f"{parity.identical:.0%} of the hypotheses identical, "
        f"{parity.speed_ratio:.1f} times as fast"
    )


def _say_export(export: Export, parity: Parity, run: RunDirectory) -> None:
    """Say which export was made, how good it is, and whether it is the default."""
    say(f"export: {export.path}: {describe_parity(parity)}")
    for direction, other in parity.directions.items():
        say(f"export: {direction}: {describe_parity(other)}")
    if not parity.may_be_default:
        better = "float32" if export.settings.quantization != "float32" else None
        advice = f"t5tune export {run.path} --quantization {better}" if better else "--engine torch"
        say(
            f"export: it loses more than {MAX_LOSS} {parity.metric}"
            + (" in one of its directions" if parity.directions else "")
            + ", so t5tune translate "
            f"does not use it without --engine {export.engine}; try: {advice}"
        )


def export_after_training(run: RunDirectory, engine: str, known: ModelSide) -> None:
    """Make the export that the recipe asks for; if it fails, say why and continue."""
    if engine == "none":
        return
    quantization = engine.removeprefix(ENGINE_PREFIX)
    directory = run.export(quantization)
    try:
        if find_damage(directory) is None and is_fresh(read_export(directory), run):
            return
        export_run(run, quantization, known=known)
    except (T5TuneError, OSError) as error:
        reason = error.message if isinstance(error, T5TuneError) else str(error)
        command = f"t5tune export {run.path} --quantization {quantization}"
        say(f"export: not made, t5tune translate uses torch: {reason} Try again: {command}")
