"""A repository on the hub."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]*@")


def shown_endpoint() -> str:
    """Return the address of the hub as messages show it."""
    from huggingface_hub import constants

    return without_credentials(constants.ENDPOINT)


def without_credentials(text: str) -> str:
    """Return a text whose addresses name neither user nor password."""
    return _CREDENTIALS.sub("", text)


@dataclass(frozen=True)
class HubRepository:
    """A model or a data set on the hub.

    Attributes:
        name: OWNER/NAME, or NAME alone.
        revision: Branch, tag or commit; None for the main branch.
        is_pushed: Whether files are sent to it rather than loaded from it.
    """

    kind: Literal["model", "dataset"]
    name: str
    revision: str | None = None
    is_pushed: bool = False

    def __str__(self) -> str:
        return f"the {self.word} {self.name}"

    @property
    def word(self) -> str:
        return "model" if self.kind == "model" else "data set"

    @property
    def page(self) -> str:
        """Address of its page on the hub."""
        folder = "datasets/" if self.kind == "dataset" else ""
        return f"{shown_endpoint()}/{folder}{self.name}"

    @property
    def cache(self) -> Path:
        """Folder for its files in the library's cache; it may not exist yet."""
        from huggingface_hub import constants
        from huggingface_hub.file_download import repo_folder_name

        folder = repo_folder_name(repo_id=self.name, repo_type=self.kind)
        return Path(constants.HF_HUB_CACHE) / folder


def is_repository_name(name: str) -> bool:
    """Return whether the hub could have a repository of this name."""
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]

    try:
        validate_repo_id(name)
    except HFValidationError:
        return False
    return True
