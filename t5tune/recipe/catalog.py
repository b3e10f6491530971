"""The recipes that ship with t5tune."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from t5tune.errors import T5TuneError, did_you_mean
from t5tune.recipe.yaml_lines import parse_yaml

PACKAGE = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class RecipeEntry:
    """A recipe that ships.

    Attributes:
        name: What commands call it.
        task: As in the recipe.
        summary: Its second comment line: what it trains, on what.
        path: The file.
    """

    name: str
    task: str
    summary: str
    path: Path


def recipes_directory() -> Path:
    """Inside an installed package, or beside the package in a checkout."""
    installed = PACKAGE / "_recipes"
    return installed if installed.is_dir() else PACKAGE.parent / "recipes"


def list_recipes() -> list[RecipeEntry]:
    """All recipes that ship, by name."""
    entries = []
    for path in sorted(recipes_directory().glob("*.yaml")):
        text = path.read_text(encoding="utf-8")
        comments = [line[1:].strip() for line in text.split("\n") if line.startswith("#")]
        summary = comments[1] if len(comments) > 1 else ""
        task = str(parse_yaml(text, path.name).value["task"])
        entries.append(RecipeEntry(path.stem, task, summary, path))
    return entries


def find_recipe(name_or_path: str | Path) -> Path:
    """The file of a recipe: a file that exists, or the name of one that ships.

    Raises:
        T5TuneError: There is neither; with the nearest name.
    """
    path = Path(name_or_path)
    if path.is_file():
        return path
    names = {entry.name: entry.path for entry in list_recipes()}
    # `recipes/NAME.yaml` works outside a checkout too; any other path means a file.
    is_name = path.parent in (Path(), Path("recipes")) and path.suffix in ("", ".yaml")
    name = path.stem if path.suffix == ".yaml" else path.name
    if is_name and name in names:
        return names[name]
    hint = did_you_mean(name, names) or "."
    kind = "a directory, not a recipe" if path.is_dir() else "no file and no recipe that ships"
    raise T5TuneError(f"{name_or_path} is {kind}{hint}", next_command="t5tune recipes list")


def recipe_text(name: str) -> str:
    """The text of a recipe, comments and all.

    Raises:
        T5TuneError: There is no such recipe.
    """
    return find_recipe(name).read_text(encoding="utf-8")


def copy_recipe(name: str, destination: Path | None = None) -> list[Path]:
    """Copy a recipe, and the data that lies beside it, for editing.

    Args:
        name: Of a recipe that ships.
        destination: A file or a directory; the current directory if left out.

    Returns:
        What was written.

    Raises:
        T5TuneError: There is no such recipe, or something of that name is there already.
    """
    source = find_recipe(name)
    target = destination or Path(source.name)
    if target.is_dir():
        target = target / source.name
    copies = [(source, target)]
    copies += [(folder, target.parent / folder.name) for folder in _data_folders(source)]
    for _, copy in copies:
        if copy.exists():
            raise T5TuneError(
                f"{copy} is there already, and nothing was written.",
                next_command=f"t5tune recipes copy {name} ANOTHER_DIRECTORY/",
            )
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    for folder, copy in copies[1:]:
        shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    return [copy for _, copy in copies]


def _data_folders(recipe: Path) -> list[Path]:
    """Folders beside a recipe that its data entries name."""
    data = parse_yaml(recipe.read_text(encoding="utf-8"), recipe.name).value["data"]
    names = set()
    for entry in data.values():
        if isinstance(entry, dict) and isinstance(entry.get("file"), str):
            names.add(entry["file"].split("/")[0])
    return [recipe.parent / name for name in sorted(names) if (recipe.parent / name).is_dir()]
