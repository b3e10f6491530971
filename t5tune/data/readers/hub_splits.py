"""Finds the files of each split of a hub data set without loading any of them.

The hub lists the files of a repository. The front matter of its README, or the names of the files,
tell which of them form a split; `datasets` knows these rules, and applies them here to a folder of
empty files with the same names. The result is kept in the cache beside the files: a commit never
changes, so it is requested once, and a later run needs no network.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from t5tune.errors import T5TuneError, find_nearest, list_names
from t5tune.files.json_values import read_object
from t5tune.files.writing import write_text
from t5tune.hub import HubRepository, Snapshot, find_snapshot, reaching
from t5tune.hub.explanations import explain_absence
from t5tune.hub.offline import is_offline

if TYPE_CHECKING:
    from datasets.builder import BuilderConfig

CONVERTED = "refs/convert/parquet"  # branch of the Parquet files that the hub has made
# Files that assign files to splits, besides the names.
_CARDS = ("README.md", ".huggingface.yaml", "dataset_infos.json")
_NOT_OPTIONS = {"name", "version", "description", "data_dir", "data_files", "features"}
_SHARD = re.compile(r"-(\d{5})-of-(\d{5})\b")
_MANY_ARCHIVES = 10  # archives that are opened for their contents, as many as `datasets` opens


@dataclass(frozen=True)
class SplitFiles:
    """The splits of one configuration.

    Attributes:
        format: Name of the reader of these files in `datasets`: parquet, json, csv, text …
        options: Options of that reader that the front matter sets, such as `sep`.
        splits: Paths in the repository by split, in order.
    """

    format: str
    options: Mapping[str, Any]
    splits: Mapping[str, Sequence[str]]


def find_splits(
    repository: HubRepository, config: str | None, where: str
) -> tuple[Snapshot, SplitFiles]:
    """Return the commit of a data set, and the files of each split of a configuration.

    Args:
        repository: Repository of the data set.
        config: Name of the configuration; None if there is only one, or a default.
        where: Key of the entry in the recipe, for messages.

    Raises:
        T5TuneError: The hub cannot be reached, the data set or configuration does not exist, is
            read by a script, or has no file of data.
    """
    if is_folder(repository.name):
        folder = _Folder(repository, "", _list_files(Path(repository.name)), where)
        return folder, _ask_front_matter(folder, config, where)
    snapshot = _find_known(repository, where) or find_snapshot(repository, where)
    path = _memory(snapshot)
    memory = read_object(path)
    key = config or ""
    try:
        return replace(snapshot, files=memory["files"]), SplitFiles(**memory["configs"][key])
    except (KeyError, TypeError):
        pass
    found = _ask_front_matter(snapshot, config, where)
    if is_offline():  # the cache may have only some of the files
        _refuse_missing_shards(snapshot, found, where)
        return snapshot, found
    configs = {**memory.get("configs", {}), key: asdict(found)}
    with reaching(repository, where):
        write_text(
            path, json.dumps({"files": dict(snapshot.files), "configs": configs}, default=str)
        )
    return snapshot, found


def is_folder(name: str) -> bool:
    """Return whether a data set is a local folder, laid out like a repository."""
    return Path(name).is_dir()


class _Folder(Snapshot):
    """A local folder in place of a repository, with all its files."""

    @property
    def folder(self) -> Path:
        return Path(self.repository.name)


def _list_files(folder: Path) -> dict[str, int | None]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.stat().st_size for path in paths}


def _refuse_missing_shards(snapshot: Snapshot, found: SplitFiles, where: str) -> None:
    """Raise if the cache, filled by another program, has only some shards of a split."""
    for paths in found.splits.values():
        for path in paths:
            shard = _SHARD.search(path)
            if shard is None or int(shard[2]) == 0:
                continue
            width = len(shard[2])
            start, end = path[: shard.start(1)], path[shard.end(1) :]
            names = {f"{start}{number:0{width}}{end}" for number in range(int(shard[2]))}
            if not names <= set(paths):
                raise _absence(snapshot, where)


def _absence(snapshot: Snapshot, where: str) -> T5TuneError:
    message, next_command = explain_absence(snapshot.repository)
    return T5TuneError(f"{where}: {message}", next_command=next_command)


def _memory(snapshot: Snapshot) -> Path:
    return snapshot.repository.cache / ".t5tune" / f"{snapshot.commit}.json"


def _find_known(repository: HubRepository, where: str) -> Snapshot | None:
    """Return a commit with its files as found before; None if it was not."""
    if repository.revision is None:
        return None
    snapshot = Snapshot(repository, repository.revision, {}, where)
    files = read_object(_memory(snapshot)).get("files")
    return replace(snapshot, files=files) if isinstance(files, dict) else None


def _ask_front_matter(snapshot: Snapshot, config: str | None, where: str) -> SplitFiles:
    _refuse_script(snapshot, where)
    cards = [path for path in _CARDS if path in snapshot.files]
    real = dict(zip(cards, snapshot.download(cards), strict=True))
    try:
        return _resolve(snapshot, real, config, where)
    except zipfile.BadZipFile:  # the name of an archive does not tell its contents
        zips = [path for path in snapshot.files if path.endswith(".zip")][:_MANY_ARCHIVES]
        real.update(zip(zips, snapshot.download(zips), strict=True))
        return _resolve(snapshot, real, config, where)


def _refuse_script(snapshot: Snapshot, where: str) -> None:
    """Refuse a data set that is read by its authors' script, which `datasets` no longer runs."""
    script = f"{snapshot.repository.name.rpartition('/')[2]}.py"
    if script not in snapshot.files or isinstance(snapshot, _Folder):
        return
    from huggingface_hub import HfApi

    name = snapshot.repository.name
    has_converted = False
    if not is_offline():
        with reaching(snapshot.repository, where):
            refs = HfApi().list_repo_refs(name, repo_type="dataset")
        has_converted = any(ref.ref == CONVERTED for ref in refs.converts)
    message = f"{where}: the data set {name} is read by a script ({script}), which is not run"
    if has_converted:
        raise T5TuneError(
            f"{message}; the hub has its data as Parquet files too, on the branch {CONVERTED}.",
            next_command=f"the same command with {where}.revision={CONVERTED}   # and with the "
            f"revision of every other split of {name}",
        )
    raise T5TuneError(
        f"{message}, and the hub has not converted it.",
        next_command=f"look for a copy without a script, or use files: {where}.hub=null "
        f"{where}.split=null {where}.file=FILE",
    )


def _resolve(
    snapshot: Snapshot, real: Mapping[str, Path], config: str | None, where: str
) -> SplitFiles:
    """Let `datasets` find the splits of a folder with the repository's file names."""
    import datasets

    with TemporaryDirectory() as temporary, _explaining(snapshot, temporary, where):
        folder = Path(temporary).resolve() / "data"
        _imitate(folder, snapshot.files, real)
        names = datasets.get_dataset_config_names(str(folder))
        default = datasets.get_dataset_default_config_name(str(folder))
        if config is None and default is None and len(names) > 1:
            raise T5TuneError(
                f"{where}: the data set {snapshot.repository.name} has several configurations, "
                f"and the recipe names none of them: {list_names(names)}.",
                next_command=f"the same command with {where}.config={names[0]}   # for example",
            )
        if config is not None and config not in names:
            turned = "-".join(reversed(config.split("-")))  # a pair of languages
            nearest = turned if turned in names else find_nearest(config, names)
            hint = f"; did you mean {nearest}?" if nearest else ""
            raise T5TuneError(
                f"{where}.config: the data set {snapshot.repository.name} has no configuration "
                f"{config}{hint} (configurations: {list_names(names)})",
                next_command=f"the same command with {where}.config={nearest or names[0]}",
            )
        builder = datasets.load_dataset_builder(
            str(folder), config or default or names[0], cache_dir=str(Path(temporary) / "cache")
        )
        splits = {
            str(split): [Path(path).relative_to(folder).as_posix() for path in paths]
            for split, paths in builder.config.data_files.items()
        }
        return SplitFiles(builder.name, _options(builder.config), splits)


@contextmanager
def _explaining(snapshot: Snapshot, temporary: str, where: str) -> Iterator[None]:
    """Turn every error that a front matter causes in the rules into one sentence."""
    from datasets.data_files import EmptyDatasetError
    from datasets.exceptions import DataFilesNotFoundError

    page = snapshot.repository.page
    try:
        yield
    except (T5TuneError, zipfile.BadZipFile):
        raise
    except (EmptyDatasetError, DataFilesNotFoundError) as error:
        if is_offline():  # the cache has only some of the files
            raise _absence(snapshot, where) from error
        raise T5TuneError(
            f"{where}: the data set {snapshot.repository.name} holds no file of data.",
            next_command=f"see {page}/tree/{snapshot.commit}",
        ) from error
    except Exception as error:  # any error: authors may write anything there
        reason = str(error).strip().split("\n")[0][:300]
        for path in (str(Path(temporary).resolve() / "data"), temporary):
            reason = reason.replace(path, snapshot.repository.name)
        raise T5TuneError(
            f"{where}: the front matter of the data set {snapshot.repository.name} does not tell "
            f"its splits: {reason}",
            next_command=f"see {page}/blob/{snapshot.commit}/README.md",
        ) from error


def _imitate(folder: Path, files: Mapping[str, Any], real: Mapping[str, Path]) -> None:
    """Create a folder of files with these names, empty except for some real ones."""
    folder.mkdir(parents=True)
    for name in files:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts:
            continue
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        if name in real:
            (folder / path).symlink_to(real[name].resolve())
        else:
            (folder / path).touch()
    if "README.md" not in files and (configs := _converted_configs(files)):
        text = json.dumps({"configs": configs})  # is YAML, too
        (folder / "README.md").write_text(f"---\n{text}\n---\n", encoding="utf-8")


def _converted_configs(files: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the configurations on the branch of converted files, whose folders are CONFIG/SPLIT.

    That branch has no front matter, without which all of them would be read as one.
    """
    parts = [PurePosixPath(name).parts for name in files if name.endswith(".parquet")]
    if not parts or any(len(each) != 3 or not each[2][:-8].isdigit() for each in parts):
        return []
    configs: dict[str, list[str]] = {}
    for config, split, _ in sorted(parts):
        if split not in configs.setdefault(config, []):
            configs[config].append(split)
    return [
        {
            "config_name": config,
            "data_files": [{"split": s, "path": f"{config}/{s}/*.parquet"} for s in splits],
        }
        for config, splits in configs.items()
    ]


def _options(config: BuilderConfig) -> dict[str, Any]:
    """Return the options of the reader that the front matter changes."""
    usual = type(config)()
    return {
        field.name: getattr(config, field.name)
        for field in fields(config)
        if field.name not in _NOT_OPTIONS
        and getattr(config, field.name) != getattr(usual, field.name)
    }
