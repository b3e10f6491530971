"""Trackers that Transformers logs to besides log.jsonl: W&B, MLflow, Trackio and others."""

from __future__ import annotations

import contextlib
import importlib.util
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from t5tune.console import say
from t5tune.errors import T5TuneError, shorten_reason

if TYPE_CHECKING:
    from transformers import TrainerCallback

KEY = "training.extra.report_to"
TENSORBOARD = "tensorboard"  # every run writes its files anyway

# Modules that a tracker needs, and the package that has them.
PACKAGES: dict[str, tuple[tuple[str, ...], str]] = {
    "azure_ml": (("azureml.core.run",), "azureml-sdk"),
    "clearml": (("clearml",), "clearml"),
    "codecarbon": (("codecarbon",), "codecarbon"),
    "comet_ml": (("comet_ml",), "comet-ml"),
    "dagshub": (("dagshub", "mlflow"), "dagshub mlflow"),
    "dvclive": (("dvclive",), "dvclive"),
    "flyte": (("flytekit",), "flytekit"),
    "kubeflow": ((), ""),
    "mlflow": (("mlflow",), "mlflow"),
    "neptune": (("neptune",), "neptune"),
    "swanlab": (("swanlab",), "swanlab"),
    TENSORBOARD: (("tensorboard",), "tensorboard"),
    "trackio": (("trackio",), "trackio"),
    "wandb": (("wandb",), "wandb"),
}


def check_trackers(extra: Mapping[str, Any]) -> None:
    """Refuse a tracker of `training.extra` whose package is not installed. Imports none of them.

    Raises:
        T5TuneError: A package is missing; the next command installs it.
    """
    for name in _named(extra):
        modules, package = PACKAGES.get(name, ((), ""))
        missing = [module for module in modules if not _is_installed(module)]
        if missing:
            raise T5TuneError(
                f"{KEY}: {name} needs {' and '.join(missing)}, which is not installed.",
                next_command=f"pip install {package}",
            )


def build_trackers(extra: Mapping[str, Any]) -> list[TrainerCallback]:
    """Build the callbacks of the trackers, as Transformers has them.

    Raises:
        T5TuneError: A tracker is not installed, or cannot be used.
    """
    from transformers.integrations import get_available_reporting_integrations
    from transformers.integrations.integration_utils import INTEGRATION_TO_CALLBACK

    check_trackers(extra)
    names = _named(extra)
    if "all" in names:
        names = get_available_reporting_integrations()
    trackers = []
    for name in dict.fromkeys(names):
        if name == TENSORBOARD:
            continue
        try:
            callback = INTEGRATION_TO_CALLBACK[name]()
        except (RuntimeError, ImportError) as error:
            raise _refuse(name, "cannot be used", error) from error
        trackers.append(_guard(callback, name))
    return trackers


def _named(extra: Mapping[str, Any]) -> list[str]:
    reported = extra.get("report_to") or "none"
    names = [reported] if isinstance(reported, str) else list(reported)
    return [name for name in names if name != "none"]


def _is_installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # of the package around it
        return False


def _guard(callback: TrainerCallback, name: str) -> TrainerCallback:
    """Let a tracker that does not start end the command, but not one that fails later.

    What trackers print goes to stderr.
    """
    has_failed = False

    def guarded(event: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **keywords: Any) -> Any:
            nonlocal has_failed
            if has_failed:
                return None
            try:
                with contextlib.redirect_stdout(sys.stderr):
                    return method(*arguments, **keywords)
            except Exception as error:  # any error: the package decides what it raises
                if event in ("on_init_end", "on_train_begin"):
                    raise _refuse(name, "does not start", error) from error
                has_failed = True
                say(
                    f"warning: {name} reports nothing from here on, and training continues: "
                    f"{_reason(error)}"
                )
                return None

        return call

    for event in dir(callback):
        if event.startswith("on_"):
            setattr(callback, event, guarded(event, getattr(callback, event)))
    return callback


def _refuse(name: str, what: str, error: Exception) -> T5TuneError:
    return T5TuneError(
        f"{KEY}: {name} {what}: {_reason(error)}",
        next_command=f"the same command without {KEY}, or with {name} set up",
    )


def _reason(error: Exception) -> str:
    text = shorten_reason(error) or type(error).__name__
    return text if text.endswith(".") else f"{text}."
