"""Let good clients use t5tune serve for minutes, among others that do everything wrong.

.venv/bin/python benchmarks/serving_faults.py RUN --texts FILE [--minutes 5]

Good clients compare each answer with the translation by the command. Beside them clients vanish in
the middle of a request or of a stream, send bodies byte by byte, send garbage, and send bodies that
are too large. At the end the server gets SIGTERM while requests arrive whose bodies it has begun to
read. Printed are the answers by kind of client, the time until good answers, what the server had
in memory and open at the start and at the end, and what must not be: wrong answers, answers with
5xx, requests that were lost, texts in the log. The exit code is 1 if there is anything of that.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from serving import Connection, read_translations

GOOD, STREAMS, VANISHING, SLOW, GARBAGE, LARGE = 8, 2, 4, 3, 3, 1  # clients
PATIENCE = 120  # seconds for an answer, or for the next line of a stream
BODY_SECONDS = 30  # in which a body must arrive
LONGEST = 100  # characters of the good clients' texts
AT_THE_END = 32  # requests whose bodies are being read when SIGTERM comes


class Attack:
    """All clients of one server, and what they saw."""

    def __init__(self, address: str, known: dict[str, str], seconds: float) -> None:
        self.address = address
        self.host, _, port = address.removeprefix("http://").rpartition(":")
        self.port = int(port)
        self.known = known
        self.texts = list(known)
        self.deadline = time.monotonic() + seconds
        self.seen: Counter[tuple[str, str]] = Counter()
        self.faults: list[str] = []
        self.latencies: list[float] = []
        self.random = random.Random(1)

    async def run(self) -> None:
        kinds: list[tuple[int, Callable[[], Awaitable[object]]]] = [
            (GOOD, self.ask_well), (STREAMS, self.read_stream), (VANISHING, self.vanish),
            (SLOW, self.send_slowly), (GARBAGE, self.send_garbage), (LARGE, self.send_too_much),
        ]  # fmt: skip
        await asyncio.gather(*(self.repeat(act) for number, act in kinds for _ in range(number)))

    async def repeat(self, act: Callable[[], Awaitable[object]]) -> None:
        while time.monotonic() < self.deadline:
            name = act.__name__
            try:
                outcome = str(await act())
            except asyncio.TimeoutError:
                outcome = "no answer within two minutes"
                self.faults.append(f"{name}: {outcome}")
            except (ConnectionError, asyncio.IncompleteReadError) as error:
                outcome = f"closed ({type(error).__name__})"
                if name in ("ask_well", "read_stream"):
                    self.faults.append(f"{name}: {outcome}")
            if outcome.startswith("5"):
                self.faults.append(f"{name}: {outcome}")
            self.seen[name, outcome] += 1

    async def ask_well(self) -> str:
        connection = Connection(self.address)
        await connection.open()
        for _ in range(self.random.randint(1, 20)):
            texts = self.random.sample(self.texts, self.random.choice([1, 1, 1, 3, 10]))
            asked = time.perf_counter()
            data = connection.write_request({"texts": texts, "split": False})
            answer = await asyncio.wait_for(connection.ask(data), PATIENCE)
            self.latencies.append(time.perf_counter() - asked)
            if read_translations(answer) != [self.known[text] for text in texts]:
                self.faults.append("ask_well: a wrong translation")
            self.seen["answers to good clients", "right"] += 1
        connection.close()
        return "done"

    async def read_stream(self) -> str:
        texts = self.random.sample(self.texts, 50)
        reader, writer = await self.open()
        writer.write(
            self.write("/t5tune/stream", json.dumps({"text": "\n\n".join(texts)}).encode())
        )
        leaves = self.random.random() < 0.5
        last = b""
        while line := await asyncio.wait_for(reader.readline(), PATIENCE):
            last = line if line.startswith(b"{") else last
            if leaves and last.startswith(b'{"source"'):
                writer.close()
                return "left"
            if b'"done"' in line or b'"error"' in line:
                break
        writer.close()
        if b'"done"' not in last:
            self.faults.append("read_stream: the stream ended early")
        return "done"

    async def vanish(self) -> str:
        _, writer = await self.open()
        body = json.dumps({"texts": self.random.choices(self.texts, k=5)}).encode()
        data = self.write("/t5tune/translate", body)
        how = self.random.choice(["in the head", "in the body", "after the body"])
        ends = {"in the head": 30, "in the body": len(data) - 20, "after the body": len(data)}
        writer.write(data[: ends[how]])
        await writer.drain()
        await asyncio.sleep(self.random.random())
        if self.random.random() < 0.5:
            writer.transport.abort()  # a reset, without the usual goodbye
        writer.close()
        return how

    async def send_slowly(self) -> str:
        """Send a body in 5 seconds, or in more than it may take."""
        reader, writer = await self.open()
        body = json.dumps({"texts": [self.random.choice(self.texts)]}).encode()
        data = self.write("/t5tune/translate", body)
        writer.write(data[: -len(body)])
        pause = self.random.choice([5.0, 2.0 * BODY_SECONDS]) / len(body)
        answer = asyncio.ensure_future(self.read_status(reader))
        for byte in body:
            if answer.done() or writer.transport.is_closing():
                break
            with suppress(ConnectionError):
                writer.write(bytes([byte]))
                await writer.drain()
            await asyncio.sleep(pause)
        status = await answer
        writer.close()
        return status

    async def send_garbage(self) -> str:
        draw = self.random
        garbage = [
            draw.randbytes(draw.randint(1, 5000)) + b"\r\n\r\n",
            b"GET / HTTP/9.9\r\n\r\n",
            b"POST /translate HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
            self.write("/translate", draw.randbytes(300)),
            self.write("/translate", b"[" * 100_000),
            self.write("/translate", b'{"q": 1, "source": {}, "target": []}'),
            self.write("/translate", b'{"q": "x", "source": "en", "target": "\\ud800"}'),
            self.write("/t5tune/translate", b'{"texts": ["\\u0000\\ud800\\u202e", "", " "]}'),
            self.write("/t5tune/translate", json.dumps({"texts": ["a" * 20_000]}).encode()),
            self.write("/t5tune/translate", json.dumps({"texts": ["\\( " * 3_000]}).encode()),
            self.write("/t5tune/translate", json.dumps({"texts": ["[<$`*" * 2_000]}).encode()),
            self.write("/../../etc/passwd", b""),
            b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
            b"GET /health HTTP/1.1\r\nHost: x\r\n" + b"Name: value\r\n" * 30_000,  # without an end
        ]
        reader, writer = await self.open()
        writer.write(draw.choice(garbage))
        await writer.drain()
        try:
            return await self.read_status(reader)
        finally:
            writer.close()

    async def send_too_much(self) -> str:
        reader, writer = await self.open()
        body = b"x" * 3_000_000
        head, _, _ = self.write("/translate", body).partition(b"\r\n\r\n")
        writer.write(head + b"\r\n\r\n")
        with suppress(ConnectionError):
            for start in range(0, len(body), 65536):
                if writer.transport.is_closing():
                    break
                writer.write(body[start : start + 65536])
                await writer.drain()
        try:
            return await self.read_status(reader)
        finally:
            writer.close()
            await asyncio.sleep(1)

    async def end(self, server: subprocess.Popen[str]) -> int:
        """Send SIGTERM while requests arrive; return how many were answered."""
        bodies, pairs = [], []
        for _ in range(AT_THE_END):
            body = json.dumps({"texts": self.random.choices(self.texts, k=10)}).encode()
            reader, writer = await self.open()
            data = self.write("/t5tune/translate", body, "Expect: 100-continue\r\n")
            writer.write(data[: -len(body)])
            await reader.readuntil(b"\r\n\r\n")  # 100: the server reads the body
            bodies.append(body)
            pairs.append((reader, writer))
        server.send_signal(signal.SIGTERM)
        await asyncio.sleep(1)
        for body, (_, writer) in zip(bodies, pairs, strict=True):
            writer.write(body)
        statuses = await asyncio.gather(*(self.read_status(reader) for reader, _ in pairs))
        return statuses.count("200")

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(self.host, self.port)

    def write(self, path: str, body: bytes, more: str = "") -> bytes:
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {self.host}\r\nContent-Type: application/json\r\n"
            f"{more}Content-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    async def read_status(self, reader: asyncio.StreamReader) -> str:
        line = await asyncio.wait_for(reader.readline(), PATIENCE)
        return line.decode("latin-1").split(" ")[1] if line.count(b" ") else "closed"


def describe_process(pid: int) -> dict[str, int]:
    """Return memory in MB, threads and open files of a process of Linux."""
    status = dict(
        line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines()
    )
    return {
        "resident_mb": int(status["VmRSS"].split()[0]) // 1024,
        "threads": int(status["Threads"]),
        "files": len(list(Path(f"/proc/{pid}/fd").iterdir())),
    }


def read_log(path: Path, texts: list[str]) -> tuple[Counter[str], int]:
    """Count the events of the log, and its lines that contain a text."""
    lines = path.read_text(encoding="utf-8").splitlines()
    events = Counter(f"{fields['level']} {fields['event']}" for fields in map(json.loads, lines))
    return events, sum(any(text in line for text in texts) for line in lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("run", help="run or export")
    parser.add_argument("--texts", required=True, help="file with a text on each line")
    parser.add_argument("--number", type=int, default=200, help="number of texts")
    parser.add_argument("--minutes", type=float, default=5)
    arguments = parser.parse_args()
    import t5tune

    texts = Path(arguments.texts).read_text(encoding="utf-8").split("\n")
    # The command cuts what is too long, and the server splits it.
    short = dict.fromkeys(text for text in texts if text.strip() and len(text) < LONGEST)
    texts = list(short)[: arguments.number]
    found = t5tune.load(arguments.run).translate(texts)
    known = {text: one.text for text, one in zip(texts, found, strict=True)}
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log.jsonl"
        command = [
            sys.executable, "-m", "t5tune", "serve", arguments.run, "--port", "0", "--log", str(log)
        ]  # fmt: skip
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            address = server.stdout.readline().strip()
            attack = Attack(address, known, 60 * arguments.minutes)
            asyncio.run(asyncio.wait_for(attack.ask_well(), 60))
            before = describe_process(server.pid)
            attack.latencies.clear()
            asyncio.run(attack.run())
            after = describe_process(server.pid)
            num_answered = asyncio.run(attack.end(server))
            code = server.wait(60)
        events, num_texts = read_log(log, texts)
    print_results(attack, before, after)
    print(f"SIGTERM: {num_answered} of {AT_THE_END} requests answered, exit code {code}")
    print("log:", dict(events))
    faults: list[Any] = [f"{n} times: {fault}" for fault, n in Counter(attack.faults).items()]
    faults += [f"{num_texts} lines of the log contain a text"] * (num_texts > 0)
    faults += ["requests were lost at the end"] * (num_answered < AT_THE_END)
    print("faults:", "; ".join(faults) or "none")
    sys.exit(1 if faults else 0)


def print_results(attack: Attack, before: dict[str, int], after: dict[str, int]) -> None:
    for (name, outcome), count in sorted(attack.seen.items()):
        print(f"{name:24} {outcome:36} {count:6}")
    cuts = statistics.quantiles(attack.latencies, n=100)
    shown = ", ".join(f"p{percent} {1000 * cuts[percent - 1]:.0f} ms" for percent in (50, 95, 99))
    print(f"good answers: {shown}")
    print(f"server before: {before}, after: {after}")


if __name__ == "__main__":
    main()
