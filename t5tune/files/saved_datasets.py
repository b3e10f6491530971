"""Directories that `save_to_disk` of the library `datasets` has written."""

from __future__ import annotations

from pathlib import Path

from t5tune.errors import T5TuneError, did_you_mean, list_names
from t5tune.files.json_values import read_object
from t5tune.files.wrong_setting import WrongSetting

_STATE = "state.json"
_SPLITS = "dataset_dict.json"


def is_saved_dataset(path: Path) -> bool:
    """Return whether a path is such a directory, of one data set or of several splits."""
    return (path / _STATE).is_file() or (path / _SPLITS).is_file()


def list_arrow_files(directory: Path, split: str | None) -> list[Path]:
    """Return the Arrow files of a saved data set, in order.

    Args:
        directory: Directory that was saved.
        split: Split, if the directory has splits.

    Raises:
        T5TuneError: The split is missing or does not exist, or the directory is damaged.
    """
    directory = _choose_split(directory, split)
    files = read_object(directory / _STATE).get("_data_files")
    names = [one.get("filename") for one in files] if isinstance(files, list) else [None]
    if not all(isinstance(name, str) and (directory / name).is_file() for name in names):
        raise T5TuneError(
            f"{directory} is not a complete data set: {_STATE} is damaged, or a file that it names "
            "is missing.",
            next_command=f"ls -l {directory}   # then save it again with save_to_disk",
        )
    return [directory / str(name) for name in names]


def _choose_split(directory: Path, split: str | None) -> Path:
    if not (directory / _SPLITS).is_file():
        if split is not None:
            raise WrongSetting(
                f"{directory} is one data set without splits.",
                next_command=f"ls {directory}",
                key="split",
                value=None,
            )
        return directory
    found = read_object(directory / _SPLITS).get("splits")
    splits = [str(name) for name in found] if isinstance(found, list) else []
    if split not in splits:
        is_named = split is not None
        hint = did_you_mean(split, splits) if split is not None else ""
        raise WrongSetting(
            f"{directory} has no split {split}{hint} (splits: {list_names(splits)})."
            if is_named
            else f"{directory} has several splits ({list_names(splits)}).",
            next_command=f"ls {directory}",
            key="split",
            value="train" if "train" in splits else "".join(splits[:1]),
            remark="or another one of them",
        )
    return directory / str(split)
