"""Explains every failure of loading from the hub, or pushing to it, in one sentence."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from t5tune.errors import T5TuneError
from t5tune.hub.offline import is_offline, offline_reason
from t5tune.hub.repository import HubRepository, shown_endpoint, without_credentials
from t5tune.hub.taming import tame_library

if TYPE_CHECKING:
    import httpx2
    from huggingface_hub.errors import HfHubHTTPError

_BUSY = {408, 429}  # statuses that another try may change, like those from 500 on
AGAIN = "the same command again"
_DISK = {errno.ENOSPC, errno.EDQUOT}
_UNWRITABLE = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST}


@contextmanager
def reaching(repository: HubRepository, key: str) -> Iterator[None]:
    """Turn failures of loading from the hub, or pushing to it, into one sentence.

    `key` is the recipe's key that names it, such as `model.name`; empty for a name that was typed.

    Raises:
        T5TuneError: The network, the hub, the repository, the cache or its disk has failed.
            Any other exception passes.
    """
    tame_library(is_pushing=repository.is_pushed)
    try:
        yield
    except T5TuneError:
        raise
    except Exception as error:  # any other error is raised again
        explained = explain(error, repository, key)
        if explained is None:
            raise
        raise explained from error


def explain(error: BaseException, repository: HubRepository, key: str) -> T5TuneError | None:
    """Return the error that explains an exception or its cause; None if it is not about the hub."""
    for explain_one in (
        _explain_answer, _explain_transport, _explain_files, _explain_absence, _explain_upload
    ):  # fmt: skip
        for each in _chain(error):
            explained = explain_one(each, repository)
            if explained is not None:
                return refuse(key, explained)
    return None


def describe_outage(error: BaseException) -> str | None:
    """Return why the hub does not answer, as the end of a sentence; None if it has answered."""
    from huggingface_hub.errors import HfHubHTTPError

    for each in _chain(error):
        if isinstance(each, HfHubHTTPError):
            code = each.response.status_code
            return f"it answers {_status(each.response)}" if code in _BUSY or code >= 500 else None
        if (reason := _describe_transport(each)) is not None:
            return reason
    return None


def hub_name() -> str:
    """Return the hub as messages name it, with its address, which the user may have changed."""
    return f"the hub ({shown_endpoint()})"


_Explained = tuple[str, str]  # the sentence and the next command


def refuse(key: str, explained: _Explained) -> T5TuneError:
    """Return an error that begins with a key of the recipe, if there is one."""
    message, next_command = explained
    return T5TuneError(f"{key}: {message}" if key else message, next_command=next_command)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield the exception and its causes, the outermost first."""
    seen: set[int] = set()
    each: BaseException | None = error
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        yield each
        each = each.__cause__ or each.__context__


def _explain_answer(error: BaseException, repository: HubRepository) -> _Explained | None:
    """Explain an answer of the hub that is an error."""
    from huggingface_hub import errors

    if isinstance(error, errors.GatedRepoError):
        return _explain_gate(error, repository)
    if isinstance(error, errors.DisabledRepoError):
        return f"{repository} has been disabled on the hub.", f"see {repository.page}"
    if isinstance(error, errors.RepositoryNotFoundError):
        what = f"the hub has no {repository.word} {repository.name}"
        if repository.kind == "model":
            what = f"there is no directory {repository.name}, and the hub has no model of that name"
        login = "correct the name; for a private one: hf auth login   # or set HF_TOKEN"
        return f"{what}, or it is a private one.", login
    if isinstance(error, errors.RevisionNotFoundError):
        return (
            f"{repository} has no branch, tag or commit {repository.revision}.",
            f"see {repository.page}/tree/main   # its branches and tags",
        )
    if isinstance(error, errors.RemoteEntryNotFoundError):
        path = str(error.response.url).partition("/resolve/")[2].partition("/")[2]
        return f"{repository} has no file {path}.", f"see {repository.page}/tree/main"
    if isinstance(error, errors.HfHubHTTPError):
        return _explain_status(error, repository)
    if isinstance(error, errors.HFValidationError):
        return (
            f"{repository.name!r} is neither an existing directory nor a name that the hub "
            "could have, such as google-t5/t5-small.",
            f"ls {os.path.dirname(repository.name) or '.'}",  # noqa: PTH120 (a name, not a path)
        )
    return None


def _explain_gate(error: HfHubHTTPError, repository: HubRepository) -> _Explained:
    if error.response.status_code == 403:
        return (
            f"{repository} is open only to those who have been given access, and the account "
            "of this token is not among them.",
            f"ask for access at {repository.page}, then {AGAIN}",
        )
    return (
        f"{repository} is open only to those who have been given access, and this command is "
        "not logged in.",
        f"ask for access at {repository.page}, then: hf auth login   # or set HF_TOKEN",
    )


def _explain_status(error: HfHubHTTPError, repository: HubRepository) -> _Explained:
    response = error.response
    status = _status(response)
    if response.status_code == 401:
        return (
            f"{hub_name()} refuses the token of this machine ({status}).",
            "hf auth login   # or correct HF_TOKEN, or unset it for what is public",
        )
    if response.status_code == 403 and repository.is_pushed:
        return (
            f"{hub_name()} does not let the account of this token write to {repository.name} "
            f"({status}).",
            "hf auth whoami   # then another name, or a token that may write: hf auth login",
        )
    if response.status_code == 403:
        return (
            f"{hub_name()} does not let this command read {repository.name} ({status}).",
            f"open {repository.page}, or: hf auth login   # or set HF_TOKEN",
        )
    if response.status_code == 429:
        from t5tune.hub.patience import told_pause

        pause = told_pause(response.headers)
        when = "in a few minutes" if pause is None else f"in {pause} seconds"
        return (
            f"{hub_name()} has received too many requests from this address ({status}).",
            f"{AGAIN} {when}; more are allowed after: hf auth login",
        )
    if response.status_code >= 500 or response.status_code == 408:
        return (
            f"{hub_name()} is not working: it answers {status}.",
            f"{AGAIN} later   # see https://status.huggingface.co",
        )
    if repository.is_pushed:
        said = f" ({error.server_message})" if error.server_message else ""
        return (
            f"{hub_name()} does not accept {repository.name}: it answers {status}{said}.",
            f"open {repository.page}",
        )
    return (
        f"{hub_name()} does not return {repository.name}: it answers {status}.",
        f"open {repository.page}",
    )


def _status(response: httpx2.Response) -> str:
    return f"{response.status_code} {response.reason_phrase}".strip()


def _explain_transport(error: BaseException, repository: HubRepository) -> _Explained | None:
    """Explain a failure of the connection to the hub."""
    reason = _describe_transport(error)
    if reason is None:
        return None
    if repository.is_pushed:
        return (
            f"{repository.name} could not be pushed to {hub_name()}: {reason}.",
            f"check the network, then {AGAIN}   # continues",
        )
    return (
        f"{repository.name} could not be loaded from {hub_name()}: {reason}.",
        f"check the network, then {AGAIN}",
    )


def _describe_transport(error: BaseException) -> str | None:
    import httpx2
    from huggingface_hub.errors import FileMetadataError, OfflineModeIsEnabled, XetDownloadError

    if isinstance(error, OfflineModeIsEnabled):
        return None
    detail = without_credentials(" ".join(str(error).split()))
    known: list[tuple[type[BaseException], str]] = [
        (httpx2.ProxyError, f"the proxy does not connect ({detail})"),
        (httpx2.ConnectTimeout, "the connection timed out"),
        (httpx2.TimeoutException, "it stopped answering"),
        (httpx2.ConnectError, f"no connection ({detail})"),
        (httpx2.RemoteProtocolError, "the connection ended before everything had arrived"),
        (httpx2.NetworkError, "the connection was interrupted"),
        (httpx2.UnsupportedProtocol, f"HF_ENDPOINT is not an address ({detail})"),
        (httpx2.InvalidURL, f"HF_ENDPOINT is not an address ({detail})"),
        (httpx2.RequestError, f"the connection failed ({detail})"),
        (FileMetadataError, "what answers there is not a hub"),
        (XetDownloadError, f"the download failed ({detail[:200]})"),
        (TimeoutError, "it stopped answering"),
        (ConnectionError, "the connection was interrupted"),
    ]
    for cls, reason in known:
        if isinstance(error, cls):
            return reason
    if isinstance(error, OSError) and "Consistency check failed" in detail:
        return "a file does not have the size that the hub states"
    return None


def _explain_files(error: BaseException, repository: HubRepository) -> _Explained | None:
    """Explain a cache that cannot be written or read."""
    from huggingface_hub import constants
    from huggingface_hub.errors import CorruptedCacheException

    cache = constants.HF_HUB_CACHE
    if isinstance(error, CorruptedCacheException):
        return (
            f"what the cache holds of {repository.name} is damaged.",
            f"rm -r {repository.cache}   # it is loaded again",
        )
    if not isinstance(error, OSError):
        return None
    if error.errno in _DISK:
        return (
            f"the disk of the cache is full: {repository.name} does not fit into {cache}.",
            f"df -h {cache}   # then free space, or set HF_HOME to a folder on another disk",
        )
    if error.errno in _UNWRITABLE:
        return (
            f"the cache cannot be written: {error.filename or cache}: {error.strerror}.",
            f"ls -ld {cache}   # or set HF_HOME to a folder of your own",
        )
    return None


def _explain_absence(error: BaseException, repository: HubRepository) -> _Explained | None:
    """Explain files that the cache lacks, or that the repository does not have."""
    from huggingface_hub.errors import (
        EntryNotFoundError,
        OfflineModeIsEnabled,
        RevisionResolutionError,
    )

    is_absent = isinstance(error, (EntryNotFoundError, OfflineModeIsEnabled))
    if not is_absent and not isinstance(error, RevisionResolutionError):
        return None
    if not is_offline():
        return (
            f"{repository} lacks files that are needed.",
            f"see {repository.page}/tree/main",
        )
    return explain_absence(repository)


def _explain_upload(error: BaseException, repository: HubRepository) -> _Explained | None:
    """Explain what the library or Xet's own code raises about an upload, if nothing else does."""
    if not repository.is_pushed or not isinstance(error, RuntimeError | ValueError):
        return None
    reason = without_credentials(" ".join(str(error).split()))[:300]
    return (
        f"{repository.name} could not be pushed to {hub_name()}: {reason}",
        f"{AGAIN}   # continues",
    )


def explain_absence(repository: HubRepository) -> _Explained:
    """Return the sentence and next command for an offline process whose cache lacks something."""
    reason = offline_reason()
    if reason is None:
        return (
            f"{repository} is not in the cache, and HF_HUB_OFFLINE keeps this command off the "
            "network.",
            f"HF_HUB_OFFLINE=0 and {AGAIN}   # or a directory instead of the name",
        )
    return (
        f"{repository.name} is not in the cache, and {hub_name()} cannot be reached: {reason}.",
        f"check the network, then {AGAIN}   # or give a directory instead of the name",
    )


def explain_offline_push(repository: HubRepository) -> _Explained:
    """Return the sentence and next command for a push of an offline process."""
    return (
        f"{repository.name} cannot be pushed: HF_HUB_OFFLINE keeps this command off the network.",
        f"HF_HUB_OFFLINE=0 and {AGAIN}",
    )


def explain_absent_token(repository: HubRepository) -> _Explained:
    """Return the sentence and next command for a push without a token."""
    return (
        f"{repository.name} cannot be pushed: this machine has no token for {hub_name()}.",
        "hf auth login   # with a token that may write, or set HF_TOKEN",
    )
