"""The local files that a recipe names, by their paths or by patterns."""

from __future__ import annotations

import glob
from collections.abc import Iterator, Sequence
from pathlib import Path

from t5tune.errors import T5TuneError
from t5tune.files.saved_datasets import is_saved_dataset
from t5tune.recipe.places import Place
from t5tune.run.directory import display_path

_HEADS = ("*", "?", "[")  # characters that make a pattern of a name


def place_files(place: Place, where: str) -> list[Path]:
    """Return the files of a place in order, and raise as `find_files` does."""
    return [path for key, names in place.named_files() for path in find_files(names, where, key)]


def find_files(names: Sequence[str], where: str, key: str) -> list[Path]:
    """Return the files that a key names: those that match a pattern in the order of their names.

    Args:
        names: Paths and patterns in the recipe, at least one.
        where: Key of the entry, for messages.
        key: Key within the entry.

    Raises:
        T5TuneError: A file does not exist, nothing matches a pattern, or a file is named twice.
    """
    if not names:
        raise T5TuneError(
            f"{where}.{key} is an empty list.", next_command=f"name at least one file in {where}"
        )
    found: dict[Path, None] = {}
    for name in names:
        for path in _matches(Path(name).expanduser(), where, key):
            if path in found:
                raise T5TuneError(
                    f"{where}.{key} names {display_path(path)} twice.",
                    next_command=f"name it once in {where}.{key}",
                )
            found[path] = None
    return list(found)


def _matches(path: Path, where: str, key: str) -> Iterator[Path]:
    if path.exists() or not any(head in str(path) for head in _HEADS):
        yield find_file(str(path), where, key)
        return
    # The pattern begins where the path stops to exist: a directory may be called `[old]`.
    root = next(parent for parent in path.parents if parent.is_dir() or parent == parent.parent)
    pattern = str(path.relative_to(root))
    # As in a shell, and other than with pathlib, `*` matches no hidden file.
    matches = sorted(glob.glob(pattern, root_dir=root, recursive=True))  # noqa: PTH207
    files = [root / match for match in matches if _can_be_read(root / match)]
    if not files:
        raise T5TuneError(
            f"{where}.{key}: no file matches {display_path(path)}.",
            next_command=f"ls {display_path(root)}   # then correct {where}.{key}",
        )
    yield from files


def _can_be_read(path: Path) -> bool:
    return path.is_file() or is_saved_dataset(path)


def find_file(path: str, where: str, key: str) -> Path:
    """Return the path of a file that a recipe names.

    Args:
        path: Path in the recipe.
        where: Key of the entry, for messages.
        key: Key within the entry.

    Raises:
        T5TuneError: The file does not exist, or is a directory other than a saved data set.
    """
    found = Path(path).expanduser()
    if not _can_be_read(found):
        kind = "a directory, not a file" if found.is_dir() else "not there"
        raise T5TuneError(
            f"{where}.{key}: {display_path(path)} is {kind}.",
            next_command=f"ls {display_path(found.parent)}   # then correct {where}.{key}",
        )
    return found
