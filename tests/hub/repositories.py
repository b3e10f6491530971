"""Hold repositories of a hub in memory: branches, commits and their files."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["models", "datasets"]
Files = Mapping[str, bytes]


@dataclass
class Repository:
    """Hold one model or data set.

    Attributes:
        kind: As addresses on the hub spell it.
        name: OWNER/NAME, or NAME alone.
        branches: Commit by branch, such as `main` and `refs/convert/parquet`.
        commits: Files by commit; earlier ones stay, as on the hub.
        token: Who reads files has to send this one; None for a repository that is open.
    """

    kind: Kind
    name: str
    branches: dict[str, str] = field(default_factory=dict)
    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    token: str | None = None

    def commit(self, files: Files, branch: str = "main") -> str:
        """Add a commit with only these files to a branch, and return its hash."""
        digest = hashlib.sha1(f"{self.kind}/{self.name}/{branch}/{len(self.commits)}".encode())
        for path, content in sorted(files.items()):
            digest.update(f"{path}:{len(content)}".encode() + content)
        commit = digest.hexdigest()
        self.commits[commit] = dict(files)
        self.branches[branch] = commit
        return commit

    def change(self, files: Files, branch: str = "main") -> str:
        """Add a commit to a branch that replaces or adds these files, and return its hash."""
        return self.commit({**self.files(branch), **files}, branch)

    def files(self, branch: str = "main") -> dict[str, bytes]:
        """Return the files of a branch's newest commit."""
        return self.commits[self.branches[branch]]

    def find(self, rest: str) -> tuple[str, str] | None:
        """Return the commit and path that REVISION or REVISION/PATH names, if they exist."""
        names = {**self.branches, **{commit: commit for commit in self.commits}}
        for name in sorted(names, key=len, reverse=True):
            if rest == name or rest.startswith(f"{name}/"):
                return names[name], rest[len(name) + 1 :]
        return None
