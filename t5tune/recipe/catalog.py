"""The recipes that ship with t5tune."""

from __future__ import annotations

import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from t5tune.errors import T5TuneError, did_you_mean
from t5tune.recipe.places import FILE_KEYS
from t5tune.recipe.yaml_lines import parse_yaml, read_recipe_text

PACKAGE = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class RecipeEntry:
    """A recipe that ships.

    Attributes:
        model: Hub id of the base model; None if the recipe trains from scratch.
        summary: Its second comment line: what it trains, on what.
    """

    name: str
    task: str
    model: str | None
    summary: str
    path: Path


def recipes_directory() -> Path:
    """Return where recipes lie: in an installed package or beside the package in a checkout."""
    installed = PACKAGE / "_recipes"
    return installed if installed.is_dir() else PACKAGE.parent / "recipes"


def list_recipes() -> list[RecipeEntry]:
    """Return all recipes that ship, by name."""
    entries = []
    for path in sorted(recipes_directory().glob("*.yaml")):
        text = path.read_text(encoding="utf-8")
        comments = [line[1:].strip() for line in text.split("\n") if line.startswith("#")]
        summary = comments[1] if len(comments) > 1 else ""
        values = parse_yaml(text, path.name).value
        model = values["model"].get("name")
        entries.append(RecipeEntry(path.stem, str(values["task"]), model, summary, path))
    return entries


def find_recipe(name_or_path: str | Path) -> Path:
    """Return the file of a recipe, given as an existing file or as the name of one that ships.

    Raises:
        T5TuneError: Neither exists; the message has the nearest names.
    """
    path = Path(name_or_path)
    try:
        is_file, is_directory = path.is_file(), path.is_dir()
    except OSError:  # a name longer than the file system allows
        is_file = is_directory = False
    if is_file:
        return path
    if (shipped := _find_shipped(path)) is not None:
        return shipped
    if is_directory:
        inside = sorted(file.name for file in path.glob("*.yaml"))
        if inside:
            raise T5TuneError(
                f"{name_or_path} is a directory, not a recipe.",
                next_command=f"name {shlex.quote(str(path / inside[0]))} instead",
            )
        raise T5TuneError(
            f"{name_or_path} is a directory that holds neither a recipe nor a run.",
            next_command="t5tune recipes list",
        )
    hint = _nearest(_stem(path)) or "."
    raise T5TuneError(
        f"{name_or_path} is neither a file nor the name of a recipe that ships{hint}",
        next_command="t5tune recipes list",
    )


def shipped_names() -> list[str]:
    """Return the names of the recipes that ship."""
    return sorted(_shipped())


def is_shipped(name: str) -> bool:
    """Return whether this is the name of a recipe that ships."""
    return _find_shipped(Path(name)) is not None


def _find_shipped(path: Path) -> Path | None:
    # `recipes/NAME.yaml` works outside a checkout too; any other path means a file.
    is_name = path.parent in (Path(), Path("recipes")) and path.suffix in ("", ".yaml")
    return _shipped().get(_stem(path)) if is_name else None


def _shipped() -> dict[str, Path]:
    return {file.stem: file for file in recipes_directory().glob("*.yaml")}


def _stem(path: Path) -> str:
    return path.stem if path.suffix == ".yaml" else path.name


def _nearest(name: str) -> str:
    """Return what `did_you_mean` would; a part of a name matches all names that have it."""
    names = sorted(_shipped())
    if having := [other for other in names if len(name) > 1 and name.lower() in other]:
        return f"; did you mean {' or '.join(having)}?"
    return did_you_mean(name, names)


def recipe_text(name: str) -> str:
    """Return the text of a recipe, comments included.

    Raises:
        T5TuneError: The recipe does not exist.
    """
    return read_recipe_text(find_recipe(name))


def copy_recipe(name: str, destination: Path | None = None) -> list[Path]:
    """Copy a recipe, and the data that lies beside it, for editing; return the files written.

    Args:
        destination: A file, if it ends in .yaml or .yml, or else a directory; the current
            directory if left out.

    Raises:
        T5TuneError: The recipe does not exist, a file of that name does, or the destination
            cannot be written to.
    """
    source = find_recipe(name)
    target = destination or Path(source.name)
    if target.is_dir() or target.suffix not in (".yaml", ".yml"):
        target = target / source.name
    copies = [(source, target)]
    copies += [(folder, target.parent / folder.name) for folder in _data_folders(source)]
    for _, copy in copies:
        if copy.exists():
            raise T5TuneError(
                f"{copy} exists already; nothing was written.",
                next_command=f"t5tune recipes copy {name} ANOTHER_DIRECTORY/",
            )
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        for folder, copy in copies[1:]:
            shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    except OSError as error:
        raise T5TuneError(
            f"{target} cannot be written: {error.strerror or error}.",
            next_command=f"t5tune recipes copy {name} ANOTHER_DIRECTORY/",
        ) from error
    return [copy for _, copy in copies]


def _data_folders(recipe: Path) -> list[Path]:
    """Return the folders beside a recipe that its data entries name."""
    document = parse_yaml(read_recipe_text(recipe), str(recipe)).value
    data: Any = document.get("data") if isinstance(document, dict) else None
    names = set()
    for entry in data.values() if isinstance(data, dict) else ():
        for key in FILE_KEYS:
            value = entry.get(key) if isinstance(entry, dict) else None
            for path in value if isinstance(value, list) else [value]:
                parts = PurePath(path).parts if isinstance(path, str) else ()
                # Only what lies below the recipe's directory belongs to it.
                if len(parts) > 1 and ".." not in parts and not parts[0].startswith(("/", "~")):
                    names.add(parts[0])
    return [recipe.parent / name for name in sorted(names) if (recipe.parent / name).is_dir()]
