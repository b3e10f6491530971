"""Hold repositories of a hub: branches, commits and their files."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

Kind = Literal["models", "datasets"]
Content = bytes | memoryview  # the view of a mapped file, for one that memory should not hold
Files = Mapping[str, Content]


@dataclass(frozen=True, eq=False)
class StoredFile:
    """Hold the content of a file; its hashes are computed once."""

    content: Content

    @cached_property
    def sha256(self) -> str:
        """Hash of Git LFS."""
        return hashlib.sha256(self.content).hexdigest()

    @cached_property
    def git_hash(self) -> str:
        """Hash of Git."""
        digest = hashlib.sha1(f"blob {len(self.content)}\0".encode())
        digest.update(self.content)
        return digest.hexdigest()


StoredFiles = Mapping[str, StoredFile]


@dataclass
class Repository:
    """Hold one model or data set.

    Attributes:
        kind: As addresses on the hub spell it.
        name: OWNER/NAME, or NAME alone.
        branches: Commit by branch, such as `main` and `refs/convert/parquet`.
        commits: Files by commit; earlier ones stay, as on the hub.
        token: Who reads files has to send this one; None for a repository that is open.
        is_private: Whether it says so of itself.
    """

    kind: Kind
    name: str
    branches: dict[str, str] = field(default_factory=dict)
    commits: dict[str, dict[str, StoredFile]] = field(default_factory=dict)
    token: str | None = None
    is_private: bool = False

    def commit(self, files: Files, branch: str = "main") -> str:
        """Add a commit with only these files to a branch, and return its hash."""
        stored = {path: StoredFile(content) for path, content in files.items()}
        hashes = [f"{path}:{file.sha256}" for path, file in sorted(stored.items())]
        name = f"{self.kind}/{self.name}/{branch}/{len(self.commits)}"
        commit = hashlib.sha1("\n".join([name, *hashes]).encode()).hexdigest()
        self.commits[commit] = stored
        self.branches[branch] = commit
        return commit

    def change(self, files: Files, branch: str = "main") -> str:
        """Add a commit to a branch that replaces or adds these files, and return its hash."""
        return self.commit({**self.files(branch), **files}, branch)

    def files(self, branch: str = "main") -> dict[str, Content]:
        """Return the files of a branch's newest commit."""
        stored = self.commits[self.branches[branch]]
        return {path: file.content for path, file in stored.items()}

    def find(self, rest: str) -> tuple[str, str] | None:
        """Return the commit and path that REVISION or REVISION/PATH names, if they exist."""
        names = {**self.branches, **{commit: commit for commit in self.commits}}
        for name in sorted(names, key=len, reverse=True):
            if rest == name or rest.startswith(f"{name}/"):
                return names[name], rest[len(name) + 1 :]
        return None
