"""One commit of a repository: the list of its files, and downloading them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from t5tune.console import say, track
from t5tune.files.writing import write_text
from t5tune.hub.downloads import MEGABYTE, bar_class, counting
from t5tune.hub.explanations import describe_outage, explain_absence, hub_name, reaching, refuse
from t5tune.hub.offline import go_offline, is_offline
from t5tune.hub.repository import HubRepository
from t5tune.hub.taming import tame_library

if TYPE_CHECKING:
    import httpx2

COMMIT = 40  # length of a commit's hash


@dataclass(frozen=True)
class Snapshot:
    """A repository at one commit.

    Attributes:
        commit: Hash of 40 characters, whatever the revision was.
        files: Sizes in bytes by path; None if the hub does not tell. Offline, the files that the
            cache has.
    """

    repository: HubRepository
    commit: str
    files: Mapping[str, int | None]
    key: str

    @property
    def folder(self) -> Path:
        """Folder of this commit in the cache; it holds the files downloaded so far."""
        return self.repository.cache / "snapshots" / self.commit

    def download(self, paths: Sequence[str]) -> list[Path]:
        """Download files that are not in the cache yet, showing progress.

        Returns:
            Paths of all of the files in the cache, in order.

        Raises:
            T5TuneError: A file could not be loaded.
        """
        missing = [path for path in dict.fromkeys(paths) if not (self.folder / path).is_file()]
        if missing and is_offline():
            raise refuse(self.key, explain_absence(self.repository))
        if missing:
            with reaching(self.repository, self.key):
                self._fetch(missing)
                _remember(self.repository, self.commit)
        return [self.folder / path for path in paths]

    def download_to(self, folder: Path, path: str) -> Path:
        """Download a file that the cache does not have to a folder outside it, without progress.

        Raises:
            T5TuneError: The file could not be loaded.
        """
        from huggingface_hub import hf_hub_download

        if is_offline():
            raise refuse(self.key, explain_absence(self.repository))
        with reaching(self.repository, self.key):
            return Path(
                hf_hub_download(
                    self.repository.name,
                    path,
                    repo_type=self.repository.kind,
                    revision=self.commit,
                    local_dir=folder,
                    tqdm_class=bar_class(lambda _: None),
                )
            )

    def _fetch(self, paths: Sequence[str]) -> None:
        from huggingface_hub import constants, hf_hub_download
        from huggingface_hub.errors import XetDownloadError

        constants.DOWNLOAD_CHUNK_SIZE = (
            MEGABYTE  # a bar that moves every 10 MB seems to stand still
        )
        sizes = [self.files.get(path) for path in paths]
        total = None if None in sizes else sum(size or 0 for size in sizes)
        _warn_of_small_disk(self.repository, [size or 0 for size in sizes])
        with counting(f"downloading {self.repository.name}", total) as count:
            for path in paths:
                try:
                    hf_hub_download(
                        self.repository.name,
                        path,
                        repo_type=self.repository.kind,
                        revision=self.commit,
                        tqdm_class=bar_class(count),
                    )
                except RuntimeError as error:  # raised by Xet's own code
                    raise XetDownloadError(str(error)) from error


def _warn_of_small_disk(repository: HubRepository, sizes: Sequence[int]) -> None:
    """Warn that files may not fit on the disk, before an hour of downloading shows it.

    It is only a warning: files may be in the cache already, under another commit or repository.
    """
    blobs = repository.cache / "blobs"
    known = {path.stat().st_size for path in blobs.iterdir()} if blobs.is_dir() else set()
    needed = sum(size for size in sizes if size not in known)
    folder = next(path for path in repository.cache.absolute().parents if path.is_dir())
    free = shutil.disk_usage(folder).free
    if free < needed:
        say(
            f"hub: {repository.name} needs {needed / 1e9:.1f} GB, and the disk of {folder} has "
            f"{free / 1e9:.1f} GB free; HF_HOME moves the cache"
        )


# Snapshots by commit: a commit never changes, so the hub is asked about it once. A snapshot keeps
# the branch that it was found by.
_found: dict[HubRepository, Snapshot] = {}


def find_snapshot(repository: HubRepository, key: str) -> Snapshot:
    """Return the commit that a revision points to now, and its files.

    A commit is returned as it is. `key` is the recipe's key, or the option, that names it.

    Raises:
        T5TuneError: The repository or revision does not exist, or the hub cannot be reached and
            the cache does not have it.
    """
    tame_library()
    if (known := _found.get(repository)) is not None:
        return known
    snapshot = _find_in_cache(repository, key) if is_offline() else _ask_or_cache(repository, key)
    _found[replace(repository, revision=snapshot.commit)] = snapshot
    return snapshot


def _ask_or_cache(repository: HubRepository, key: str) -> Snapshot:
    """Ask the hub; if it does not answer, use what the cache has."""
    try:
        with track(f"asking the hub for {repository.name}"):
            return _ask(repository, key)
    except Exception as error:
        reason = describe_outage(error)
        cached = _cached_commit(repository) if reason is not None else None
        if reason is None or cached is None:
            with reaching(repository, key):
                raise
        go_offline(reason)
        say(
            f"hub: {hub_name()} cannot be reached ({reason}); {repository.name} comes from the "
            f"cache, commit {cached[:7]}; HF_HUB_OFFLINE=1 uses the cache without asking"
        )
        return _find_in_cache(repository, key)


def _ask(repository: HubRepository, key: str) -> Snapshot:
    from huggingface_hub import HfApi
    from huggingface_hub.errors import FileMetadataError

    try:
        info = HfApi().repo_info(
            repository.name,
            repo_type=repository.kind,
            revision=repository.revision,
            files_metadata=True,
            timeout=_timeout(),  # type: ignore[arg-type]  # given to httpx2 as it is
        )
    except (json.JSONDecodeError, TypeError, KeyError) as error:  # such as a network's login page
        raise FileMetadataError("what answers is not a hub") from error
    if info.sha is None:
        raise FileMetadataError("what answers is not a hub")
    files = {file.rfilename: file.size for file in getattr(info, "siblings", None) or []}
    return Snapshot(repository, info.sha, files, key)


def _timeout() -> httpx2.Timeout:
    """Return the timeout: a connection may take half as long as an answer."""
    import httpx2
    from huggingface_hub import constants

    seconds = float(constants.HF_HUB_ETAG_TIMEOUT)
    return httpx2.Timeout(seconds, connect=seconds / 2)


def _find_in_cache(repository: HubRepository, key: str) -> Snapshot:
    commit = _cached_commit(repository)
    if commit is None:
        raise refuse(key, explain_absence(repository))
    folder = repository.cache / "snapshots" / commit
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    files: dict[str, int | None] = {
        path.relative_to(folder).as_posix(): path.stat().st_size for path in paths
    }
    return Snapshot(repository, commit, files, key)


def _cached_commit(repository: HubRepository) -> str | None:
    """Return the commit of a revision when it was last loaded, if its files are in the cache."""
    revision = repository.revision or "main"
    commit = revision
    if not is_commit(revision):
        try:
            commit = (repository.cache / "refs" / revision).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            return None
    return commit if (repository.cache / "snapshots" / commit).is_dir() else None


def is_commit(revision: str) -> bool:
    """Return whether a revision is the whole hash of a commit, which never changes."""
    return len(revision) == COMMIT and all(letter in "0123456789abcdef" for letter in revision)


def _remember(repository: HubRepository, commit: str) -> None:
    """Record which commit a revision pointed to, in the format of the cache."""
    revision = repository.revision or "main"
    path = repository.cache / "refs" / revision
    if is_commit(revision):
        return
    if not path.is_file() or path.read_text(encoding="utf-8") != commit:
        write_text(path, commit)
