"""environment.json: what a run was made with, and which recipe it belongs to."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import subprocess
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import torch

from t5tune import __version__
from t5tune.distributed.processes import place
from t5tune.files.json_values import read_object
from t5tune.files.writing import write_text
from t5tune.models.directories import MODEL_KEY
from t5tune.recipe.schema import Recipe
from t5tune.run.directory import RunDirectory
from t5tune.run.manifest import fingerprint_files

PACKAGES = ("torch", "transformers", "accelerate", "datasets", "tokenizers", "sacrebleu", "numpy")


def record_environment(
    run: RunDirectory,
    recipe: Recipe,
    data: Mapping[str, str],
    num_examples: Mapping[str, int] | None = None,
    command: str | None = None,
    commits: Mapping[str, str] | None = None,
) -> None:
    """Write environment.json; date and command stay those that the run was begun with.

    Args:
        run: Where to.
        recipe: As the user wrote it: a later command compares itself with it.
        data: Fingerprints, by the recipe's keys.
        num_examples: By split, for the model card.
        command: What was typed.
        commits: On the hub, by the recipe's keys: what was loaded from there.
    """
    before = read_object(run.environment)
    now = datetime.now(timezone.utc).isoformat(timespec="seconds")
    environment: dict[str, Any] = {
        "started": before.get("started") or now,
        "command": before.get("command") or command,
        "python": platform.python_version(),
        "versions": package_versions(),
        "platform": platform.platform(),
        "num_processes": place().num_processes,
        "num_cpu_threads": torch.get_num_threads(),
        "accelerators": [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())],
        "git_revision": _git_revision(),
        "commits": dict(commits or {}),
        "data_sha256": dict(data),
        "num_examples": dict(num_examples or {}),
        "recipe": recipe.model_dump(mode="json"),
    }
    _write(run, environment)


def record_model(run: RunDirectory) -> None:
    """Note in environment.json which model the training has ended with."""
    environment = read_object(run.environment)
    if environment:
        before = run.environment.stat()
        environment[MODEL_KEY] = fingerprint_files(run.model)
        _write(run, environment)
        # The time of this file stays that of the beginning: it tells which run is the newest.
        os.utime(run.environment, ns=(before.st_atime_ns, before.st_mtime_ns))


def _write(run: RunDirectory, environment: Mapping[str, Any]) -> None:
    write_text(run.environment, json.dumps(environment, indent=2, ensure_ascii=False) + "\n")


def package_versions() -> dict[str, str]:
    """Of t5tune and the libraries that training is made of."""
    return {"t5tune": __version__} | {name: importlib.metadata.version(name) for name in PACKAGES}


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
