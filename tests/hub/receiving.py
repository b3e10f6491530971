"""Receive what `huggingface_hub` pushes: new repositories, large files, commits."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from tests.hub.repositories import Content, Repository

WRITER = "hf_writer"  # the only token that may write
_LARGE = {".safetensors", ".bin", ".model"}
_PREPARE = re.compile(r"/api/models/([^/]+/[^/]+)/preupload/main")
_COMMIT = re.compile(r"/api/models/([^/]+/[^/]+)/commit/main")
_BATCH = re.compile(r"/([^/]+/[^/]+)\.git/info/lfs/objects/batch")
_Answer = tuple[int, Any]


@dataclass
class Receiving:
    """Answer requests that write; large files stay here until a commit names them.

    Attributes:
        repositories: Those of the hub, by kind and name.
        large: Contents of large files by SHA-256.
    """

    repositories: dict[tuple[str, str], Repository]
    large: dict[str, bytes] = field(default_factory=dict)

    def answer(
        self, method: str, path: str, body: bytes, token: str | None, address: str
    ) -> _Answer | None:
        """Return status and content of an answer; None for a request that does not write."""
        if method == "PUT" and path.startswith("/large/"):
            digest = path.removeprefix("/large/")
            assert hashlib.sha256(body).hexdigest() == digest
            self.large[digest] = body
            return 200, {}
        if method != "POST":
            return None
        if path == "/api/validate-yaml":
            return 200, {"errors": [], "warnings": []}
        if path == "/api/repos/create":
            return self._create(json.loads(body), token, address)
        for pattern, act in ((_PREPARE, self._prepare), (_COMMIT, self._commit)):
            if match := pattern.fullmatch(path):
                repository = self.repositories["models", match[1]]
                return act(repository, body, address) if token == WRITER else _refuse()
        if match := _BATCH.fullmatch(path):
            return 200, {"objects": [self._ask_for(one, address) for one in _objects(body)]}
        return None

    def _create(self, wanted: dict[str, Any], token: str | None, address: str) -> _Answer:
        if token != WRITER:
            return _refuse()
        name = f"{wanted['organization']}/{wanted['name']}"
        is_new = ("models", name) not in self.repositories
        if is_new:
            repository = Repository("models", name, is_private=wanted["visibility"] == "private")
            repository.commit({".gitattributes": b""})
            self.repositories["models", name] = repository
        return (200 if is_new else 409), {"url": f"{address}/{name}", "name": name}

    def _prepare(self, repository: Repository, body: bytes, _: str) -> _Answer:
        known = repository.commits[repository.branches["main"]]
        files = []
        for asked in json.loads(body)["files"]:
            path = asked["path"]
            is_large = PurePosixPath(path).suffix in _LARGE
            there = known.get(path)
            oid = there and (there.sha256 if is_large else there.git_hash)
            mode = "lfs" if is_large else "regular"
            files.append({"path": path, "uploadMode": mode, "shouldIgnore": False, "oid": oid})
        return 200, {"files": files}

    def _ask_for(self, wanted: dict[str, Any], address: str) -> dict[str, Any]:
        if wanted["oid"] in self.large:
            return wanted
        return {**wanted, "actions": {"upload": {"href": f"{address}/large/{wanted['oid']}"}}}

    def _commit(self, repository: Repository, body: bytes, address: str) -> _Answer:
        files: dict[str, Content] = {}
        for line in body.splitlines():
            item = json.loads(line)
            value = item["value"]
            if item["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif item["key"] == "lfsFile":
                files[value["path"]] = self.large[value["oid"]]
        commit = repository.change(files)
        return 200, {
            "commitUrl": f"{address}/{repository.name}/commit/{commit}",
            "commitOid": commit,
        }


def _objects(body: bytes) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(body)["objects"]
    return found


def _refuse() -> _Answer:
    return 403, {"error": "This token may not write."}
