"""Test `t5tune serve`: its routes, errors and limits in this process, and a server with signals."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from libretranslatepy import LibreTranslateAPI
from starlette.testclient import TestClient

import t5tune as door
from t5tune.serving.api_keys import ApiKeys
from t5tune.serving.application import build_application
from t5tune.serving.reloading import ModelWatch
from t5tune.serving.request_log import LOGGER
from t5tune.serving.request_queue import Search
from t5tune.serving.served_model import ModelSource
from t5tune.serving.server import open_service
from t5tune.serving.server_metrics import ServerMetrics
from t5tune.serving.server_settings import Limits, ServerSettings
from t5tune.serving.service import Service
from tests import forks
from tests.conftest import RunCommand, TrainOnce

KEY = "k" * 20
TEXTS = ["one two", "three four five", ""]


@pytest.fixture(scope="module")
def run(train_once: TrainOnce) -> Path:
    """Return a finished run of the tiny recipe, with an export."""
    settings = ("training.max_steps=120", "training.eval_steps=60", "training.learning_rate=0.02")
    return train_once(*settings) / "runs" / "tiny"


@pytest.fixture(scope="module")
def service(run: Path) -> Iterator[Service]:
    """Return the tiny model twice: its export, and torch."""
    sources = [
        ModelSource("tiny", str(run), is_named=True),
        ModelSource("in torch", str(run), is_named=True, engine="torch"),
    ]
    opened = open_service(sources, ServerSettings())
    yield opened
    for model in opened.models:
        model.queue.close()


@pytest.fixture(scope="module")
def client(service: Service) -> TestClient:
    return ask(service)


def ask(service: Service, keys: list[str] | None = None, **limits: Any) -> TestClient:
    """Return a client of the same models with other limits and keys."""
    settings = replace(service.settings, limits=replace(Limits(), **limits))
    other = Service(service.models, settings, ApiKeys(keys or []), ServerMetrics())
    return TestClient(build_application(other), raise_server_exceptions=False)


@pytest.fixture(scope="module")
def expected(run: Path) -> list[str]:
    return [found.text for found in door.load(run).translate(TEXTS)]


def test_texts_are_translated_as_by_the_command(client: TestClient, expected: list[str]) -> None:
    languages = {"source": "en", "target": "de"}
    answer = client.post("/translate", json={"q": TEXTS, **languages})
    assert answer.json() == {"translatedText": expected}
    answer = client.post("/translate", data={"q": f"{TEXTS[0]}\r\n\r\n{TEXTS[1]}", **languages})
    assert answer.json() == {"translatedText": "\n\n".join(expected[:2])}
    answer = client.post("/translate", json={"q": "one two", "source": "auto", "target": "DE"})
    assert answer.json()["translatedText"] == expected[0]
    assert answer.json()["detectedLanguage"]["language"] == "en"
    answer = client.post(
        "/translate", json={"q": "<p>one <b>two</b></p>", "format": "html", **languages}
    )
    assert answer.json()["translatedText"].startswith("<p>")
    assert "<b>" in answer.json()["translatedText"]
    assert client.post("/translate", json={"q": "one", "source": "de", "target": "de"}).json() == {
        "translatedText": "one"
    }


def test_answers_read_the_same_in_any_encoding(client: TestClient) -> None:
    """OmegaT takes what names no encoding for ISO 8859-1."""
    same = {"q": "schöne Häuser \u4f60", "source": "de", "target": "de"}
    for fields, answer in (
        (same, {"translatedText": same["q"]}),
        ({**same, "target": "Šo"}, {"error": "Šo is not supported"}),
    ):
        found = client.post("/translate", data=fields)
        assert json.loads(found.content.decode("iso-8859-1")) == answer


def test_alternatives_differ(client: TestClient) -> None:
    fields = {"q": ["one two", "three"], "source": "en", "target": "de", "alternatives": 3}
    answer = client.post("/translate", json=fields).json()
    assert len(answer["alternatives"]) == 2
    for best, others in zip(answer["translatedText"], answer["alternatives"], strict=True):
        assert 1 <= len(others) <= 3
        assert len({best, *others}) == 1 + len(others)


@pytest.mark.parametrize(
    ("fields", "status", "error"),
    [
        ({"source": "en", "target": "de"}, 400, "Invalid request: missing q parameter"),
        ({"q": [], "source": "en", "target": "de"}, 400, "Invalid request: missing q parameter"),
        ({"q": "x", "target": "de"}, 400, "Invalid request: missing source parameter"),
        ({"q": "x", "source": "en"}, 400, "Invalid request: missing target parameter"),
        ({"q": "x", "source": "en", "target": "zz"}, 400, "zz is not supported"),
        ({"q": "x", "source": "fr", "target": "de"}, 400, "fr is not supported"),
        (
            {"q": "x", "source": "de", "target": "en"},
            400,
            "English (en) is not available as a target language from German (de)",
        ),
        (
            {"q": "x", "source": "en", "target": "de", "format": "xml"},
            400,
            "xml format is not supported",
        ),
        (
            {"q": "x", "source": "en", "target": "de", "alternatives": "many"},
            400,
            "Invalid request: alternatives parameter is not a number",
        ),
        (
            {"q": "x", "source": "en", "target": "de", "alternatives": 99},
            400,
            "Invalid request: alternatives parameter must be <= 9",
        ),
        (
            {"q": "x" * 21, "source": "en", "target": "de"},
            400,
            "Invalid request: request (21) exceeds text limit (20)",
        ),
        (
            {"q": ["x"] * 4, "source": "en", "target": "de"},
            400,
            "Invalid request: request (4) exceeds text limit (3)",
        ),
        (
            {"q": [1], "source": "en", "target": "de"},
            400,
            "Invalid request: q parameter is not a text",
        ),
        (["not", "an", "object"], 400, "Invalid JSON format"),
        (
            {"q": "x", "source": "en", "target": "de", "model": "big"},
            400,
            "Invalid request: there is no model big",
        ),
    ],
)  # fmt: skip
def test_errors_are_those_of_libretranslate(
    service: Service, fields: Any, status: int, error: str
) -> None:
    answer = ask(service, texts=3, characters=20).post("/translate", json=fields)
    assert (answer.status_code, answer.json()) == (status, {"error": error})


def test_bodies_that_are_not_json_or_too_large_are_refused(service: Service) -> None:
    client = ask(service, body_bytes=100)
    headers = {"Content-Type": "application/json"}
    for body in (b"{", b"\xff\xfe", b'{"q": "x", "source"'):
        answer = client.post("/translate", content=body, headers=headers)
        assert (answer.status_code, answer.json()) == (400, {"error": "Invalid JSON format"})
    chunks = iter([b"x" * 60, b"x" * 60])  # whose length is not told before
    for content in (b"x" * 101, chunks):
        answer = client.post("/translate", content=content, headers=headers)
        assert answer.status_code == 413
        assert "larger than 100 bytes" in answer.json()["error"]
    for half, status in (
        (b'{"q": "one \\ud800 two", "source": "en", "target": "de"}', 200),
        (b'{"q": "one two", "source": "en", "target": "\\ud800"}', 400),
    ):
        answer = client.post("/translate", content=half, headers=headers)
        assert answer.status_code == status
    assert client.get("/translate").status_code == 405
    assert client.get("/nowhere").json() == {"error": "Not Found"}


def test_languages_detection_and_settings(client: TestClient) -> None:
    assert client.get("/languages").json() == [
        {"code": "de", "name": "German", "targets": ["de"]},
        {"code": "en", "name": "English", "targets": ["de", "en"]},
    ]
    found = client.post("/detect", data={"q": "Das ist ein schönes Haus."}).json()
    assert found[0]["language"] == "de"
    assert found[0]["confidence"] > 90
    assert client.post("/detect", json={"q": "…"}).json() == [{"confidence": 0.0, "language": "de"}]
    assert client.post("/detect").status_code == 400
    settings = client.get("/frontend/settings").json()
    assert settings["language"]["target"] == {"code": "de", "name": "German"}
    assert ".md" in settings["supportedFilesFormat"]
    assert client.get("/health").json() == {"status": "ok"}


def test_files_are_translated_and_downloaded(client: TestClient, expected: list[str]) -> None:
    fields = {"source": "en", "target": "de"}
    file = ("../a b.md", b"# one two\n\n- three four five\n")
    answer = client.post("/translate_file", data=fields, files={"file": file})
    found = client.get(answer.json()["translatedFileUrl"])
    assert found.text == f"# {expected[0]}\n\n- {expected[1]}\n"
    assert found.headers["content-disposition"] == "attachment; filename*=utf-8''a%20b.md"
    for file, error in (
        (("a.exe", b"x"), "Invalid request: file format not supported"),
        (("a.txt", b"\xff\xfe"), "Invalid request: the file is not in UTF-8"),
    ):
        answer = client.post("/translate_file", data=fields, files={"file": file})
        assert (answer.status_code, answer.json()) == (400, {"error": error})
    assert client.post("/translate_file", data=fields).status_code == 400
    assert client.get("/download_file/other").json() == {"error": "Invalid filename"}


def test_own_routes(client: TestClient, expected: list[str]) -> None:
    models = client.get("/t5tune/models").json()["models"]
    assert [(one["name"], one["engine"]) for one in models] == [
        ("tiny", "ctranslate2-int8"),
        ("in torch", "torch"),
    ]
    assert models[0]["directions"][0]["target"] == {"code": "de", "name": "German"}
    text = "one two\n\nthree four five"
    for model in models:
        fields = {"texts": [text], "model": model["name"], "num_hypotheses": 2, "alignments": True}
        answer = client.post("/t5tune/translate", json=fields).json()
        assert (answer["model"], answer["source"], answer["target"]) == (model["name"], "en", "de")
        (found,) = answer["translations"]
        segments = found["segments"]
        assert "".join(one["before"] + one["text"] for one in segments) == found["translation"]
        assert [one["source"] for one in segments if one["source"]] == TEXTS[:2]
        for one in segments[:2]:
            first, second = one["hypotheses"]
            assert first["score"] >= second["score"]
            assert one["alignment"]["source_tokens"] == one["source"].split()
            assert len(one["alignment"]["weights"]) == len(one["alignment"]["target_tokens"])
    fields = {"texts": ["one two"], "split": False, "target": "de"}
    answer = client.post("/t5tune/translate", json=fields).json()
    assert answer["translations"][0]["translation"] == expected[0]
    fields = {"sources": ["one two"], "hypotheses": ["eins zwei"]}
    (aligned,) = client.post("/t5tune/align", json=fields).json()["alignments"]
    assert aligned["target_tokens"] == ["eins", "zwei"]
    fields = {"text": "one two", "prefix": "drei", "num_hypotheses": 3}
    going_on = client.post("/t5tune/continue", json=fields).json()["hypotheses"]
    assert len({one["text"] for one in going_on}) == 3
    assert all(one["text"].startswith("drei") for one in going_on)


@pytest.mark.parametrize(
    ("path", "fields", "error"),
    [
        ("translate", {"texts": "x"}, "texts: Input should be a valid list"),
        ("translate", {"texts": [], "beams": 2}, "beams: Extra inputs are not permitted"),
        ("translate", {"texts": ["x"], "num_hypotheses": 11}, "num_hypotheses must be <= 10"),
        ("translate", {"texts": ["x"], "model": "big"}, "there is no model big; there are tiny"),
        ("translate", {"texts": ["x"], "source": "de"}, "No model translates from de to any"),
        ("align", {"sources": ["x"], "hypotheses": []}, "1 sources, 0 hypotheses"),
        ("continue", {"text": "x", "model": "in torch"}, "in torch has no continuations"),
        ("stream", {"text": ""}, "missing text parameter"),
    ],
)
def test_wrong_fields_of_own_routes_are_named(
    client: TestClient, path: str, fields: dict[str, Any], error: str
) -> None:
    answer = client.post(f"/t5tune/{path}", json=fields)
    assert answer.status_code == 400
    assert error in answer.json()["error"]


def test_a_long_text_comes_line_by_line(client: TestClient, expected: list[str]) -> None:
    text = "one two\n\nthree four five\n\n" * 200
    with client.stream("POST", "/t5tune/stream", json={"text": text}) as answer:
        lines = [json.loads(line) for line in answer.iter_lines()]
    assert lines[0]["num_sentences"] == 400
    assert lines[-1] == {"done": True}
    document = "".join(line["text"] for line in lines[1:-1])
    assert document == f"{expected[0]}\n\n{expected[1]}\n\n" * 200


def test_keys_and_limits(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    fields = {"q": "one", "source": "en", "target": "de"}
    client = ask(service, [KEY], requests_per_minute=2)
    caplog.set_level(logging.INFO, LOGGER)
    logging.getLogger(LOGGER).propagate = True
    missing, wrong = client.post("/translate", json=fields), {**fields, "api_key": "w" * 20}
    assert (missing.status_code, missing.json()["error"]) == (
        400,
        "Please contact the server operator to get an API key",
    )
    refused = client.post("/translate", data=wrong)
    assert (refused.status_code, refused.json()) == (403, {"error": "Invalid API key"})
    assert client.post("/translate", json={**fields, "api_key": KEY}).status_code == 200
    bearer = {"Authorization": f"Bearer {KEY}"}
    assert client.post("/t5tune/translate", json={"texts": ["one"]}, headers=bearer).is_success
    slow = client.post("/translate", data={**fields, "api_key": KEY})
    assert (slow.status_code, slow.json()) == (429, {"error": "Slowdown: 2 per 1 minute"})
    assert int(slow.headers["retry-after"]) <= 30
    assert client.get("/languages").is_success
    assert client.get("/metrics").status_code == 401
    metrics = client.get("/metrics", headers=bearer).text
    assert 't5tune_requests_total{route="/translate",status="403"} 1.0' in metrics
    logged = [json.dumps(getattr(record, "facts", {})) for record in caplog.records]
    assert any('"key": 1' in line for line in logged)
    assert not [line for line in logged if KEY in line or "one" in line]


def test_a_full_queue_refuses(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service.models[0].queue, "_max_waiting", 0)
    answer = ask(service).post("/t5tune/translate", json={"texts": ["one"]})
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "2"
    assert "too many texts are waiting" in answer.json()["error"]


def test_pages_of_other_sites_may_ask_only_if_they_are_named(service: Service) -> None:
    origin = {"Origin": "https://example.org"}
    allowed = "access-control-allow-origin"
    assert allowed not in ask(service).get("/languages", headers=origin).headers
    settings = replace(service.settings, cors_origins=("https://example.org",))
    other = Service(service.models, settings, ApiKeys([]), ServerMetrics())
    client = TestClient(build_application(other))
    assert client.get("/languages", headers=origin).headers[allowed] == "https://example.org"
    another = {"Origin": "https://example.com"}
    assert allowed not in client.get("/languages", headers=another).headers


async def _look_twice(watch: ModelWatch) -> None:
    await watch.look()
    await watch.look()


def test_a_newer_model_takes_the_place_of_the_old_one(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "tiny"
    shutil.copytree(run, copy)
    service = open_service([ModelSource("tiny", str(copy))], ServerSettings())
    (model,) = service.models
    first, metrics = model.engine, service.metrics
    watch = ModelWatch(service.models, metrics)
    asyncio.run(_look_twice(watch))
    assert model.engine is first
    os.utime(copy / "ctranslate2-int8" / "manifest.json", (1, 1))
    asyncio.run(watch.look())
    assert model.engine is first  # it may still be being written
    asyncio.run(watch.look())
    second = model.engine
    assert second is not first
    (copy / "ctranslate2-int8" / "model.bin").unlink()
    os.utime(copy / "ctranslate2-int8" / "manifest.json", (2, 2))
    asyncio.run(_look_twice(watch))
    assert model.engine is second
    answer = ask(service).post("/t5tune/translate", json={"texts": ["one two"]})
    assert answer.status_code == 200
    written = metrics.write().decode()
    for result in ("done", "failed"):
        assert f't5tune_reloads_total{{model="tiny",result="{result}"}} 1.0' in written
    model.queue.close()


def test_the_log_says_why_a_model_cannot_align(
    run: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    copy = tmp_path / "tiny"
    shutil.copytree(run, copy)
    (copy / "model" / "model.safetensors").write_bytes(b"cut")
    service = open_service([ModelSource("tiny", str(copy))], ServerSettings())
    caplog.set_level(logging.INFO, LOGGER)
    logging.getLogger(LOGGER).propagate = True
    fields = {"texts": ["one two"], "alignments": True}
    assert ask(service).post("/t5tune/translate", json=fields).status_code == 500
    problems = [getattr(record, "facts", {}).get("problem", "") for record in caplog.records]
    assert any("model.safetensors" in problem for problem in problems)
    service.models[0].queue.close()


class Server:
    """A server in a process of its own."""

    def __init__(self, run: Path, *options: str) -> None:
        command = [sys.executable, "-m", "t5tune", "serve", str(run), "--port", "0", *options]
        self.process = forks.Fork(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=run
        )
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().strip()
        self.port = int(self.address.rpartition(":")[2])

    def open(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=60)


@pytest.fixture
def server(run: Path) -> Iterator[Server]:
    started = Server(run)
    yield started
    started.process.kill()
    started.process.communicate()


def test_other_peoples_client_and_no_accepted_request_is_lost(
    server: Server, expected: list[str]
) -> None:
    other = LibreTranslateAPI(server.address)
    assert other.translate("one two", "en", "de") == expected[0]
    assert [one["code"] for one in other.languages()] == ["de", "en"]
    assert other.detect("This is a house.")[0]["language"] == "en"
    body = json.dumps({"q": ["one two"] * 50, "source": "en", "target": "de"}).encode()
    head = (
        "POST /translate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n"
    )
    gone, *connections = [server.open() for _ in range(9)]
    for connection in (gone, *connections):
        connection.sendall(head.encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 100")  # the server reads its body
    gone.close()
    server.process.send_signal(signal.SIGTERM)
    answers: list[bytes] = []

    def finish(connection: socket.socket) -> None:
        connection.sendall(body)
        with connection.makefile("rb") as answer:
            answers.append(answer.read())

    threads = [threading.Thread(target=finish, args=(one,)) for one in connections]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert server.process.wait(60) == 143
    assert len(answers) == 8
    for answer in answers:
        assert answer.startswith(b"HTTP/1.1 200")
        content = json.loads(answer.partition(b"\r\n\r\n")[2])
        assert content == {"translatedText": [expected[0]] * 50}


def test_a_request_that_offers_another_protocol_is_answered(
    server: Server, expected: list[str]
) -> None:
    """Java's HTTP client offers HTTP/2 with each request."""
    body = json.dumps({"q": "one two", "source": "en", "target": "de"}).encode()
    head = (
        "POST /translate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Connection: Upgrade, HTTP2-Settings\r\nContent-Length: {len(body)}\r\n"
        "HTTP2-Settings: AAEAAEAAAAIAAAAB\r\nUpgrade: h2c\r\n\r\n"
    )
    for at in (len(head), len(head) + 10, 0):  # where what is sent at once ends
        with server.open() as connection:  # a new one: the rest of a connection is for h11
            for _ in range(2):
                data = head.encode() + body
                for part in filter(None, (data[:at], data[at:])):
                    connection.sendall(part)
                    time.sleep(0.1)
                answer = b""
                while not answer.endswith(b"}"):
                    answer += connection.recv(10_000)
                assert answer.startswith(b"HTTP/1.1 200")
                found = json.loads(answer.partition(b"\r\n\r\n")[2])
                assert found == {"translatedText": expected[0]}
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(30) == 143  # none of the connections is waited for


@pytest.mark.parametrize(
    ("beginning", "piece"),
    [
        (b"GET /", b"a" * 10_000),
        (b"GET /health HTTP/1.1\r\nHost: x\r\nName: ", b"a" * 10_000),
        (b"GET /health HTTP/1.1\r\nHost: x\r\n", b"Name: value\r\n" * 1000),
        (
            b"POST /translate HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"1\r\n{\r\n0\r\n",
            b"Name: value\r\n" * 1000,
        ),
    ],
    ids=["address", "header", "headers", "trailers"],
)
def test_a_head_that_does_not_end_is_refused(
    server: Server, beginning: bytes, piece: bytes
) -> None:
    with server.open() as connection:
        connection.sendall(beginning)
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            connection.sendall(piece * 1000)  # ten megabytes
    with server.open() as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        with connection.makefile("rb") as answer:
            assert answer.read().endswith(b'{"status":"ok"}')


def test_an_address_without_a_slash_is_counted_as_any_other(client: TestClient) -> None:
    scope = {
        "type": "http", "method": "OPTIONS", "path": "*", "raw_path": b"*", "query_string": b"",
        "headers": [], "http_version": "1.1", "root_path": "", "scheme": "http",
    }  # fmt: skip
    statuses: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    async def send(message: Any) -> None:
        statuses.append(message.get("status", 0))

    # An application returns an awaitable; this one's is a coroutine.
    asyncio.run(client.app(scope, receive, send))  # type: ignore[arg-type]
    assert statuses[0] == 404


def test_a_batch_is_split_for_the_workers_that_have_none(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = service.models[0].engine
    monkeypatch.setattr("t5tune.serving.served_engine.count_workers", lambda: 4)
    numbers: list[int] = []

    def remember(options: Any, _: int, num_batches: int) -> Any:
        numbers.append(num_batches)
        return options

    monkeypatch.setattr("t5tune.decoding.ctranslate2_translator._spread", remember)
    engine.translate(TEXTS[:2], Search())
    monkeypatch.setattr(engine, "_translating", {-1})  # another thread
    engine.translate(TEXTS[:2], Search())
    assert numbers == [4, 2]


def test_commands_that_cannot_serve(
    t5tune: RunCommand, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        result = t5tune("serve", run, "--port", str(taken.getsockname()[1]))
    assert result.code == 1
    assert "Another program listens on 127.0.0.1" in result.err
    assert "--port 0" in result.err
    for arguments, problem in (
        (["nowhere"], "nowhere is neither a run nor a directory"),
        ([run, f"other={run}"], "both translate from en to de, and have no names"),
        ([f"a={run}", f"a={run}"], "2 models have the name a"),
        ([f"={run}"], "has no name before the equals sign"),
        ([run, "--host", "192.0.2.1"], "192.0.2.1:0 is not an address of this machine"),
        ([run, "--api-keys", run / "keys"], "keys"),
        ([run, "--log", run], "--log"),
    ):
        result = t5tune("serve", "--port", "0", *arguments)
        assert result.code == 1
        assert problem in result.err
        assert "Traceback" not in result.err
    monkeypatch.setattr("t5tune.cli.serve._NEEDED", ("not_there",))
    result = t5tune("serve", run)
    assert result.code == 1
    assert "pip install 't5tune[serve]'" in result.err
