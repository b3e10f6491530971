"""environment.json: versions, hardware and data of a run, and its recipe."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

import torch

from t5tune import __version__
from t5tune.distributed.processes import place
from t5tune.files.json_values import read_object
from t5tune.files.writing import write_text
from t5tune.models.directories import MODEL_KEY
from t5tune.recipe.schema import Recipe
from t5tune.reporting.beside.kinds.cleaned_data import CLEANING
from t5tune.reporting.beside.kinds.mixture import MIXTURE
from t5tune.run.directory import RunDirectory
from t5tune.run.manifest import fingerprint_files

PACKAGES = ("torch", "transformers", "accelerate", "datasets", "tokenizers", "sacrebleu", "numpy")


def record_environment(
    run: RunDirectory,
    recipe: Recipe,
    data: Mapping[str, str],
    num_examples: Mapping[str, int],
    command: str | None,
    commits: Mapping[str, str],
    remarks: Mapping[str, Sequence[str]],
    mixture: Sequence[Mapping[str, Any]] = (),
    cleaning: Mapping[str, Any] | None = None,
) -> None:
    """Write environment.json; date and command stay those that the run began with.

    Args:
        recipe: Recipe as the user wrote it, which later commands compare with theirs.
        data: Fingerprints by keys of the recipe.
        num_examples: Number of examples by split, for the model card.
        command: Command that was typed.
        commits: Commits on the hub by keys of the recipe.
        remarks: What was noticed while data was read, such as rows left out, by keys of the recipe.
        mixture: Shares of the entries of a mixture, by phase.
        cleaning: What rules left out of each training entry, with examples, as
            `CleaningReport.to_json` gives it.
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
        "commits": dict(commits),
        "data_sha256": dict(data),
        "num_examples": dict(num_examples),
        "data_remarks": dict(remarks),
        **({MIXTURE: list(mixture)} if mixture else {}),
        **({CLEANING: dict(cleaning)} if cleaning else {}),
        "recipe": recipe.model_dump(mode="json"),
    }
    _write(run, environment)


def record_model(run: RunDirectory) -> None:
    """Record in environment.json the model that training has ended with."""
    environment = read_object(run.environment)
    if environment:
        before = run.environment.stat()
        environment[MODEL_KEY] = fingerprint_files(run.model)
        _write(run, environment)
        # The file keeps its time, which tells the newest run.
        os.utime(run.environment, ns=(before.st_atime_ns, before.st_mtime_ns))


def _write(run: RunDirectory, environment: Mapping[str, Any]) -> None:
    write_text(run.environment, json.dumps(environment, indent=2, ensure_ascii=False) + "\n")


def package_versions() -> dict[str, str]:
    """Return the versions of t5tune and of the libraries that it trains with."""
    return {"t5tune": __version__} | {name: importlib.metadata.version(name) for name in PACKAGES}


def _git_revision() -> str | None:
    """Return the git revision of the current directory."""
    try:
        done = subprocess.run(
            ["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True, timeout=5
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
