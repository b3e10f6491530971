"""The choice of an engine: the model itself with torch, or one of its exports."""

from __future__ import annotations

from pathlib import Path

from t5tune.console import say
from t5tune.decoding.export.settings import (
    ENGINE_PREFIX,
    QUANTIZATIONS,
    Export,
    is_export,
    is_fresh,
    list_exports,
    read_export,
    remake_command,
)
from t5tune.errors import T5TuneError, did_you_mean
from t5tune.run.directory import RunDirectory

AUTO = "auto"  # the fastest export that scores like its model, else torch
TORCH = "torch"
TORCH_BF16 = "torch-bf16"
CTRANSLATE2 = "ctranslate2"  # the fastest export
ENGINES = (AUTO, TORCH, TORCH_BF16, CTRANSLATE2, *(ENGINE_PREFIX + name for name in QUANTIZATIONS))


def choose_export(name: str, engine: str) -> Export | None:
    """Return the export that translates for a model; None for torch.

    For an export that exists and is not chosen, the reason is written to stderr.

    Raises:
        T5TuneError: The requested engine does not exist or cannot be used.
    """
    if engine not in ENGINES:
        raise T5TuneError(
            f"--engine: there is no engine {engine}{did_you_mean(engine, ENGINES)}",
            next_command=f"use one of {', '.join(ENGINES)}",
        )
    if is_export(Path(name)):
        export = read_export(Path(name))
        if engine in (AUTO, CTRANSLATE2, export.engine):
            return export
        raise T5TuneError(
            f"--engine {engine}: {name} is an export for {export.engine}.",
            next_command=f"--engine {export.engine}",
        )
    if engine in (TORCH, TORCH_BF16):
        return None
    run = RunDirectory(Path(name))
    problems: list[str] = []
    for directory in list_exports(run):
        if engine in (AUTO, CTRANSLATE2, directory.name):
            found = _examine(directory, run, engine)
            if isinstance(found, Export):
                return found
            problems.append(found)
    if engine == AUTO:
        for problem in problems:
            say(f"not used: {problem}")
        return None
    option = ""
    if engine != CTRANSLATE2:
        option = f" --quantization {engine.removeprefix(ENGINE_PREFIX)}"
    why = problems[0] if problems else f"{name} has no such export"
    raise T5TuneError(f"--engine {engine}: {why}.", next_command=f"t5tune export {name}{option}")


def _examine(directory: Path, run: RunDirectory, engine: str) -> Export | str:
    """Return an export, or the reason why it is not used."""
    from t5tune.decoding.ctranslate2_device import list_available

    try:
        export = read_export(directory)
    except T5TuneError as error:
        return f"{error.message.removesuffix('.')}: {error.next_command}"
    if not is_fresh(export, run):
        return f"{directory} was made from other weights: {remake_command(directory)}"
    quantization = export.settings.quantization
    if quantization not in list_available():
        return f"{directory}: this machine cannot compute in {quantization}"
    if engine == AUTO and not export.may_be_default:
        return f"{directory} loses too much of the score: see {directory}/parity.json"
    return export
