"""Pushing files to a repository on the hub, in one commit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from t5tune.console import say, track
from t5tune.errors import T5TuneError
from t5tune.hub.downloads import MEGABYTE
from t5tune.hub.explanations import explain_absent_token, explain_offline_push, reaching, refuse
from t5tune.hub.offline import is_offline
from t5tune.hub.repository import HubRepository, is_repository_name

_LARGE = 10 * MEGABYTE  # files from this size on are sent one by one, for the sake of progress


@dataclass(frozen=True)
class Pushed:
    """Address of a repository and the commit that it has now."""

    url: str
    commit: str


def check_name(name: str) -> None:
    """Refuse a name that no repository can have, or that has no owner.

    Raises:
        T5TuneError: It is such a name.
    """
    if not is_repository_name(name) or name.count("/") != 1:
        raise T5TuneError(
            f"{name!r} is not the name of a repository, which has an owner and a slash.",
            next_command="t5tune push RUN OWNER/NAME   # hf auth whoami names the owner",
        )


def push_files(
    name: str, files: Mapping[str, Path | bytes], message: str, *, is_public: bool
) -> Pushed:
    """Push files to a model repository, which is created if it does not exist.

    All files appear in one commit. After an interruption the same call continues: the hub keeps
    what has arrived, and files that it has already are not sent.

    Args:
        name: OWNER/NAME.
        files: Contents by path in the repository.
        message: First line of the commit's message.
        is_public: Whether everybody may see the repository.

    Raises:
        T5TuneError: There is no network or no token, the hub refuses, or a repository that
            everybody sees exists and `is_public` is false.
    """
    repository = HubRepository("model", name, is_pushed=True)
    if is_offline():
        raise refuse("", explain_offline_push(repository))
    from huggingface_hub import CommitOperationAdd, HfApi, get_token
    from huggingface_hub.utils import disable_progress_bars  # type: ignore[attr-defined]

    if get_token() is None:
        raise refuse("", explain_absent_token(repository))
    disable_progress_bars()
    api = HfApi()
    with reaching(repository, ""):
        created = api.create_repo(name, private=not is_public, exist_ok=True)
        is_private = api.repo_info(created.repo_id).private
        if not is_private and not is_public:
            raise T5TuneError(
                f"{repository.page} exists and is public, and this command pushes to private "
                "repositories unless told otherwise.",
                next_command="the same command with --public, or another name",
            )
        if is_private and is_public:
            say(f"{repository.page} exists and stays private; its settings can make it public")
        operations = [CommitOperationAdd(path, content) for path, content in files.items()]
        total = sum(one.upload_info.size for one in operations) // MEGABYTE
        with track(f"pushing {created.repo_id}", total, "MB") as advance:
            for operation in operations:
                if operation.upload_info.size >= _LARGE:
                    api.preupload_lfs_files(created.repo_id, [operation], free_memory=False)
                    advance(operation.upload_info.size // MEGABYTE)
            commit = api.create_commit(created.repo_id, operations, commit_message=message)
    return Pushed(repository.page, commit.oid)
