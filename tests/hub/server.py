"""Serve a Hugging Face hub on loopback for huggingface_hub, transformers and datasets.

Addresses and answers are those that huggingface_hub 2.4, datasets 5.2 and transformers 5.23 use
to load and to push models. Not imitated: Xet transfers, the data sets' viewer.
"""

from __future__ import annotations

import json
import re
import socket
import struct
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.hub.faults import Fault, Faults
from tests.hub.receiving import Receiving
from tests.hub.repositories import Content, Files, Kind, Repository, StoredFiles

# Large files have the address and hash of Git LFS.
LARGE = {".safetensors", ".bin", ".parquet", ".h5", ".msgpack", ".model", ".gz"}

_JSON = {"Content-Type": "application/json"}
_API = re.compile(
    r"/api/(models|datasets)/((?:[^/]+/)?[^/]+?)(?:/(revision|tree|paths-info|refs)(?:/(.*))?)?"
)
_FILE = re.compile(r"/(datasets/)?((?:[^/]+/)?[^/]+)/resolve/(.+)")


@dataclass(frozen=True)
class Request:
    """Record a request that the hub received.

    Attributes:
        method: GET, HEAD, POST or PUT.
        path: With its query, as it was sent.
        token: That it carried.
        range: The part of a file that it asked for.
    """

    method: str
    path: str
    token: str | None
    range: str | None = None


class Hub:
    """Serve repositories from memory; `with Hub() as hub:` runs it.

    Attributes:
        repositories: By kind and name.
        requests: All that came, in order.
        faults: What goes wrong.
        go_on: Set it to let answers pass that a fault holds back.
        reached: Set as soon as a fault holds an answer back.
        connections: That are open.
    """

    def __init__(self) -> None:
        self.repositories: dict[tuple[str, str], Repository] = {}
        self.requests: list[Request] = []
        self.faults = Faults()
        self.go_on = threading.Event()
        self.reached = threading.Event()
        self.connections: set[socket.socket] = set()
        self.receiving = Receiving(self.repositories)
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.hub = self  # type: ignore[attr-defined]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Hub:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.go_on.set()
        if self._thread.is_alive():
            self.stop()

    def stop(self) -> None:
        """Stop listening at the address."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        for connection in list(self.connections):  # connections that are kept for the next request
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def add(self, kind: Kind, name: str, files: Files, branch: str = "main") -> Repository:
        """Add a repository with one commit, or a commit to the branch of an existing one."""
        repository = self.repositories.setdefault((kind, name), Repository(kind, name))
        repository.commit(files, branch)
        return repository

    def paths(self, method: str | None = None) -> list[str]:
        """Return the requested addresses, without their queries."""
        wanted = [r for r in self.requests if method in (None, r.method)]
        return [unquote(urlsplit(r.path).path) for r in wanted]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        if not isinstance(sys.exc_info()[1], OSError):  # a command that has ended is not an error
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _RefusedError(Exception):
    def __init__(self, status: int, code: str = "", message: str = "", commit: str = "") -> None:
        super().__init__(message)
        headers = {"X-Error-Code": code, "X-Error-Message": message, "X-Repo-Commit": commit}
        self.status = status
        self.headers = {name: value for name, value in headers.items() if value}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        super().setup()
        self._hub.connections.add(self.connection)

    def finish(self) -> None:
        self._hub.connections.discard(self.connection)
        with suppress(OSError):  # it may have been interrupted on purpose
            super().finish()

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_PUT(self) -> None:
        self._answer()

    @property
    def _hub(self) -> Hub:
        return self.server.hub  # type: ignore[attr-defined, no-any-return]

    def _answer(self) -> None:
        url = urlsplit(self.path)
        self._query = parse_qs(url.query)
        self._body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        given = self.headers.get("Authorization")
        self._token = given.removeprefix("Bearer ") if given else None
        self._hub.requests.append(
            Request(self.command, self.path, self._token, self.headers.get("Range"))
        )
        self._fault = self._hub.faults.find(self.command, unquote(self.path)) or Fault("")
        try:
            if self._fault.waits:
                self._hold()
            if self._fault.status is not None or self._fault.body is not None:
                page = (self._fault.body or "").encode()
                headers = {"Content-Type": "text/html", **dict(self._fault.headers)}
                return self._reply(self._fault.status or 200, page, headers)
            self._route(unquote(url.path))
        except _RefusedError as error:
            self._reply(error.status, json.dumps({"error": str(error)}).encode(), error.headers)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _route(self, path: str) -> None:
        given = self._hub.receiving.answer(
            self.command, path, self._body, self._token, self._hub.address
        )
        if given is not None:
            status, value = given
            return self._reply(status, json.dumps(value).encode(), _JSON)
        if match := _API.fullmatch(path):
            kind, name, what, rest = match.groups()
            repository = self._open(kind, name, is_content=what in ("tree", "paths-info"))
            if what == "refs":
                return self._refs(repository)
            commit, inner = self._find(repository, rest or "main")
            if what == "tree":
                return self._tree(repository.commits[commit], inner)
            if what == "paths-info":
                return self._paths_info(repository.commits[commit])
            return self._info(repository, commit)
        if match := _FILE.fullmatch(path):
            repository = self._open("datasets" if match[1] else "models", match[2], is_content=True)
            commit, inner = self._find(repository, match[3])
            return self._file(repository.commits[commit], commit, inner)
        raise _RefusedError(404, message=f"no such address: {path}")

    def _open(self, kind: str, name: str, *, is_content: bool) -> Repository:
        repository = self._hub.repositories.get((kind, name))
        if repository is None and self._token is None:
            raise _RefusedError(401, "RepoNotFound", "Invalid username or password.")
        if repository is None:
            raise _RefusedError(404, "RepoNotFound", "Repository not found")
        if self._token == "wrong":
            raise _RefusedError(401, message="Invalid credentials in Authorization header")
        if is_content and repository.token not in (None, self._token):
            status = 401 if self._token is None else 403
            raise _RefusedError(status, "GatedRepo", f"Access to {name} is restricted.")
        return repository

    def _find(self, repository: Repository, rest: str) -> tuple[str, str]:
        found = repository.find(rest)
        if found is None:
            raise _RefusedError(404, "RevisionNotFound", f"Invalid rev id: {rest}")
        return found

    def _info(self, repository: Repository, commit: str) -> None:
        files = repository.commits[commit]
        siblings = [{"rfilename": path, **_size(files, path)} for path in sorted(files)]
        gated = "manual" if repository.token is not None else False
        answer = {"_id": "1", "id": repository.name, "sha": commit}
        answer["private"] = repository.is_private
        more = {"gated": gated, "disabled": False, "tags": [], "downloads": 1, "likes": 0}
        self._json({**answer, **more, "siblings": siblings})

    def _refs(self, repository: Repository) -> None:
        def describe(branch: str, commit: str) -> dict[str, str]:
            ref = branch if branch.startswith("refs/") else f"refs/heads/{branch}"
            return {"name": branch.split("/")[-1], "ref": ref, "targetCommit": commit}

        refs = [describe(*item) for item in repository.branches.items()]
        converts = [ref for ref in refs if ref["ref"].startswith("refs/convert/")]
        branches = [ref for ref in refs if ref["ref"].startswith("refs/heads/")]
        self._json({"branches": branches, "converts": converts, "tags": []})

    def _tree(self, files: StoredFiles, folder: str) -> None:
        is_recursive = self._query.get("recursive", ["false"])[0].lower() == "true"
        start = f"{folder}/" if folder else ""
        inner = [path for path in sorted(files) if path.startswith(start)]
        if folder and not inner:
            raise _RefusedError(404, "EntryNotFound", f"{folder} does not exist")
        here = [path for path in inner if is_recursive or "/" not in path[len(start) :]]
        folders = {start + path[len(start) :].split("/")[0] for path in set(inner) - set(here)}
        self._json([*map(_folder, sorted(folders)), *(_entry(files, path) for path in here)])

    def _paths_info(self, files: StoredFiles) -> None:
        if self.headers.get("Content-Type", "").startswith("application/json"):
            paths = json.loads(self._body)["paths"]
        else:
            paths = parse_qs(self._body.decode()).get("paths", [])
        folders = [path for path in paths if any(file.startswith(f"{path}/") for file in files)]
        entries = [_entry(files, path) for path in paths if path in files]
        self._json([*map(_folder, folders), *entries])

    def _file(self, files: StoredFiles, commit: str, path: str) -> None:
        if path not in files:
            raise _RefusedError(404, "EntryNotFound", "Entry not found", commit)
        stored, content = files[path], files[path].content
        headers = {"X-Repo-Commit": commit, "ETag": f'"{stored.git_hash}"'}
        if PurePosixPath(path).suffix in LARGE:
            headers["X-Linked-Size"] = str(len(content))
            headers["ETag"] = headers["X-Linked-ETag"] = f'"{stored.sha256}"'
        begin, end, status = 0, len(content), 200
        if asked := re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range") or ""):
            begin, status = int(asked[1]), 206
            if begin >= len(content):
                return self._reply(416, b"", {"Content-Range": f"bytes */{len(content)}"})
            end = min(int(asked[2] or end) + 1, end)
            headers["Content-Range"] = f"bytes {begin}-{end - 1}/{len(content)}"
        self._begin(status, {**headers, "Content-Length": str(end - begin)})
        if self.command != "HEAD":
            self._send(content[begin:end])

    def _send(self, content: Content) -> None:
        fault = self._fault
        ends = [n for n in (fault.cut_after, fault.reset_after) if n is not None]
        end = min([*ends, len(content)])
        begin = 0 if fault.stops_at is None else fault.stops_at
        self.wfile.write(content[:begin])
        if fault.stops_at is not None:
            self._hold()
        self.wfile.write(content[begin:end])
        if ends:
            self._break(is_reset=fault.reset_after is not None)

    def _hold(self) -> None:
        self._hub.reached.set()
        self._hub.go_on.wait()

    def _break(self, *, is_reset: bool) -> None:
        self.close_connection = True
        if not is_reset:
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        time.sleep(0.1)  # a reset overtakes what was sent before it
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        # The handler's file still holds the socket, and only the last close resets the connection.
        self.rfile.close()
        self.connection.close()

    def _json(self, value: Any) -> None:
        self._reply(200, json.dumps(value).encode(), _JSON)

    def _begin(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _reply(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self._begin(status, {**headers, "Content-Length": str(len(body))})
        if self.command != "HEAD":
            self.wfile.write(body)


def _size(files: StoredFiles, path: str) -> dict[str, Any]:
    size: dict[str, Any] = {"size": len(files[path].content)}
    if PurePosixPath(path).suffix in LARGE:
        digest = files[path].sha256
        size["lfs"] = {"oid": digest, "sha256": digest, **size, "pointerSize": 134}
    return size


def _entry(files: StoredFiles, path: str) -> dict[str, Any]:
    return {"type": "file", "oid": files[path].git_hash, "path": path, **_size(files, path)}


def _folder(path: str) -> dict[str, Any]:
    return {"type": "directory", "oid": "0" * 40, "size": 0, "path": path}
