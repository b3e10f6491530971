"""What `t5tune push` sends of a run: model, card, report, recipe, adapter and exports."""

from __future__ import annotations

import shlex
from pathlib import Path

import yaml

from t5tune.console import say
from t5tune.decoding.export.settings import (
    is_fresh,
    list_exports,
    read_export,
    refuse_export,
    remake_command,
)
from t5tune.errors import T5TuneError
from t5tune.models.directories import check_model_is_of, check_run, refuse_model
from t5tune.recipe.loading import load_resolved_recipe
from t5tune.reporting.model_card.card_check import check_card, with_licence
from t5tune.reporting.model_card.facts import is_hub_id, portable_recipe
from t5tune.run.directory import MODEL_CARD, RunDirectory, display_path
from t5tune.run.manifest import MANIFEST, find_damage, read_manifest

FOLDER = "t5tune"  # in the repository, for what is not the model
PushedFiles = dict[str, Path | bytes]  # contents by path in the repository


def list_pushed_files(run: RunDirectory, repository: str, licence: str | None) -> PushedFiles:
    """Return what is pushed of a run, after a check that all of it is whole.

    The model lies at the top, so that `from_pretrained` finds it; the report of the run's own
    evaluation beside it, and an adapter and each export in a folder. The recipe names files without
    their directories.

    Args:
        run: The run.
        repository: Name on the hub, for messages.
        licence: Licence that the card gets; None means the one that it states.

    Raises:
        T5TuneError: The run is not finished or damaged, or its card lacks what the hub wants.
    """
    check_run(run)
    if damage := find_damage(run.model):
        raise refuse_model(run.model, damage)
    check_model_is_of(run)
    files = _list_whole(run.model)
    files |= _list_report(run)
    files[MODEL_CARD] = _read_card(run, repository, licence).encode()
    recipe = load_resolved_recipe(run.recipe)
    text = yaml.safe_dump(portable_recipe(recipe), sort_keys=False, allow_unicode=True)
    files[f"{FOLDER}/{run.recipe.name}"] = text.encode()
    if run.adapter.is_dir():
        files |= _list_adapter(run, recipe.model.name)
    for export in list_exports(run):
        if damage := find_damage(export):
            raise refuse_export(export, damage)
        if is_fresh(read_export(export), run):
            files |= _list_whole(export, f"{export.name}/")
        else:
            say(
                f"{display_path(export)} was made from other weights and is left out; "
                f"{remake_command(export)} makes it again"
            )
    return files


def _list_whole(directory: Path, prefix: str = "") -> PushedFiles:
    """Return the files that a manifest names, and itself: nothing that somebody else put there."""
    names = [*(read_manifest(directory) or {}).get("files", ()), MANIFEST]
    return {prefix + name: directory / name for name in names}


def _list_adapter(run: RunDirectory, base: str | None) -> PushedFiles:
    if damage := find_damage(run.adapter):
        raise refuse_model(run.adapter, damage)
    if is_hub_id(base):
        return _list_whole(run.adapter, f"{run.adapter.name}/")
    say(f"{display_path(run.adapter)} is left out: it names {base}, which only this machine has")
    return {}


def _list_report(run: RunDirectory) -> PushedFiles:
    for split in ("test", "validation"):
        folder = run.report(split).parent
        if run.report(split).is_file():
            return {f"{FOLDER}/{path.name}": path for path in sorted(folder.glob("report.*"))}
    raise T5TuneError(
        f"{display_path(run.path)} has no report.", next_command=_evaluate_command(run)
    )


def _read_card(run: RunDirectory, repository: str, licence: str | None) -> str:
    where = display_path(run.model_card)
    try:
        text = run.model_card.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise T5TuneError(f"{where} does not exist.", next_command=_evaluate_command(run)) from None
    if licence is not None:
        text = with_licence(text, licence)
    command = ["t5tune", "push", str(run.path), repository, "--license", "LICENCE"]
    hint = "   # such as apache-2.0; the base model's and the data's may decide"
    check_card(text, where, shlex.join(command) + hint)
    return text


def _evaluate_command(run: RunDirectory) -> str:
    return shlex.join(["t5tune", "eval", str(run.path)]) + "   # writes it"
