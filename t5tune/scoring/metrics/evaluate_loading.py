"""Finding and loading metrics of Hugging Face's `evaluate` package, which runs their code.

Nothing here runs unless the user allows it on the command line; a recipe alone cannot.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from t5tune.distributed.torch_import import bound_spinning
from t5tune.errors import NotAllowed, T5TuneError
from t5tune.scoring.registry import (
    EVALUATE,
    build_metric,
    is_computed_here,
    is_evaluate_metric,
)

# Some metrics draw random numbers; equal texts must have equal scores.
_SEED = 0


def check_code_allowed(metrics: Iterable[str], *, allow_code: bool) -> None:
    """Refuse metrics that run foreign Python code, unless the user has allowed that.

    Raises:
        NotAllowed: A metric runs foreign code without permission.
    """
    foreign = [metric for metric in metrics if is_evaluate_metric(metric)]
    if foreign and not allow_code:
        raise NotAllowed(
            f"{', '.join(foreign)}: loading a metric of `evaluate` runs Python code from "
            f"{'the hub' if _script_path(foreign[0]) is None else 'that script'}, which no recipe "
            "can allow, only --allow-code.",
            option="--allow-code",
            caution="once you trust what it runs",
        )


def check_foreign_metrics(metrics: Iterable[str], *, allow_code: bool) -> None:
    """Refuse metrics that would fail after training or translating.

    Raises:
        T5TuneError: Code is not allowed, a metric of `evaluate` cannot be loaded, or COMET is not
            installed.
    """
    from t5tune.scoring.score import ScoringOptions

    metrics = list(metrics)
    check_code_allowed(metrics, allow_code=allow_code)
    for metric in metrics:
        if is_evaluate_metric(metric):
            load_metric(metric)
        elif not is_computed_here(metric):
            build_metric(metric, ScoringOptions())


def load_metric(metric: str) -> Any:
    """Return the `evaluate.EvaluationModule` of a metric; its code runs, which may take seconds.

    Raises:
        T5TuneError: It does not exist, the hub cannot be reached, or it needs packages.
    """
    path = _script_path(metric)
    name = metric.removeprefix(EVALUATE)
    script = str(_find_script(path)) if path is not None else name
    if path is None:
        _check_not_ambiguous(name)
    bound_spinning()  # many metrics import torch
    import evaluate  # 3.5 s
    import requests  # which it loads from the hub with

    try:
        return evaluate.load(script, keep_in_memory=True, seed=_SEED)
    except (FileNotFoundError, ConnectionError) as error:
        if path is not None or not _is_of_loading(error):
            raise
        raise T5TuneError(
            f"The hub has no metric {name} or cannot be reached, and the cache has no copy of it.",
            next_command=f"check the name and the network, or name a script: {EVALUATE}./FILE.py",
        ) from error
    except requests.RequestException as error:  # after the hub's first answer
        raise T5TuneError(
            f"The metric {name} could not be loaded: the connection failed before the "
            "download was complete.",
            next_command="check the network, then the same command again",
        ) from error
    except ImportError as error:
        if not str(error).startswith("To be able to use"):
            raise
        packages = str(error).partition("pip install ")[2].split("'")[0]
        raise T5TuneError(
            f"{metric} needs packages that are not installed: {packages}.",
            next_command=f"pip install {packages}",
        ) from error


def _is_of_loading(error: Exception) -> bool:
    """Return whether `evaluate` failed to find the metric, rather than its code a file."""
    return isinstance(error, ConnectionError) or str(error).startswith("Couldn't find a ")


def _script_path(metric: str) -> Path | None:
    name = metric.removeprefix(EVALUATE)
    return Path(name) if name.startswith((".", "/")) else None


def _find_script(path: Path) -> Path:
    script = path if path.suffix == ".py" else path / f"{path.resolve().name}.py"
    if not script.is_file():
        raise T5TuneError(
            f"{EVALUATE}{path}: there is no file {script}.",
            next_command="ls " + str(script.parent),
        )
    return script


def _check_not_ambiguous(name: str) -> None:
    """Refuse names for which `evaluate` would silently load a script here instead of the hub's."""
    here = Path(name) if name.endswith(".py") else Path(name) / f"{Path(name).name}.py"
    if here.is_file() or name.endswith(".py"):
        raise T5TuneError(
            f"{EVALUATE}{name} means the hub's metric, not the script {here} in this folder.",
            next_command=f"{EVALUATE}./{name}   # for the script",
        )


def display_name(metric: str) -> str:
    """Return the name without folders; the hash tells scripts of one name apart."""
    path = _script_path(metric)
    return metric.removeprefix(EVALUATE) if path is None else path.resolve().stem


def hash_script(module: Any) -> str:
    """Return the first 12 digits of a SHA-256 over the script and the files beside it."""
    folder = Path(inspect.getfile(type(module))).parent
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.py")):
        if path.name != "__init__.py":
            digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]
