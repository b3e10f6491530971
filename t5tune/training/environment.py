"""environment.json: what a run was made with, and which recipe it belongs to."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch

from t5tune import __version__
from t5tune.recipe.schema import Recipe
from t5tune.run_directory import RunDirectory, write_text

PACKAGES = ("torch", "transformers", "accelerate", "datasets", "tokenizers", "sacrebleu", "numpy")


def record_environment(
    run: RunDirectory, recipe: Recipe, sources: Iterable[str], targets: Iterable[str]
) -> None:
    """Write environment.json.

    Args:
        run: Where to.
        recipe: As the user wrote it: a later command compares itself with it.
        sources: Training sources, for the fingerprint of the data.
        targets: Training targets.
    """
    environment: dict[str, Any] = {
        "t5tune": __version__,
        "python": platform.python_version(),
        "packages": {name: importlib.metadata.version(name) for name in PACKAGES},
        "platform": platform.platform(),
        "num_cpu_threads": torch.get_num_threads(),
        "accelerators": [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())],
        "git_revision": _git_revision(),
        "training_data_sha256": fingerprint_texts(sources, targets),
        "recipe": recipe.model_dump(mode="json"),
    }
    write_text(run.environment, json.dumps(environment, indent=2, ensure_ascii=False) + "\n")


def recorded_recipe(run: RunDirectory) -> Recipe | None:
    """The recipe that a run was begun with, as its user wrote it."""
    try:
        return Recipe.model_validate(
            json.loads(run.environment.read_text(encoding="utf-8"))["recipe"]
        )
    except (OSError, ValueError, KeyError):
        return None


def fingerprint_texts(sources: Iterable[str], targets: Iterable[str]) -> str:
    """SHA-256 over all pairs, in order."""
    digest = hashlib.sha256()
    for source, target in zip(sources, targets, strict=True):
        digest.update(f"{source}\0{target}\0".encode())
    return digest.hexdigest()


def _git_revision() -> str | None:
    """Of the directory that the command was typed in."""
    try:
        done = subprocess.run(
            ["git", "rev-parse", "HEAD"],
            capture_output=True,
            text=True,
            check=True,
            timeout=5,
            cwd=Path.cwd(),
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
