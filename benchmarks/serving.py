"""Compare t5tune serve, asked by many clients at once, with translating the same texts as a batch.

.venv/bin/python benchmarks/serving.py RUN --texts FILE [--clients 1 8 64] [--rounds 3]

The server is a process of its own. In each round the texts (the first `--number` lines of the file)
are translated as one batch in this process, and then by the server for each number of clients,
which have a connection each and ask for the next text when they have the answer to the last: so
other load on the machine affects all sides. Both have all cores; the clients share them with the
server. Printed are the medians over the rounds of texts per second, of that as a share of the
batch's, of the milliseconds that a text takes of the cores (of the batch's process, or of the
server and of the clients, each alone), and of the 50th, 95th and 99th percentile of the time until
an answer.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psutil

if TYPE_CHECKING:
    from t5tune import OpenedModel

try:
    from uvloop import run as run_loop
except ImportError:  # on Windows
    from asyncio import run as run_loop

PERCENTILES = (50, 95, 99)


@dataclass(frozen=True)
class Measured:
    """What one pass over the texts took.

    Attributes:
        seconds: Seconds from the first text to the last answer.
        cpu_seconds: Seconds of cores that the translating process used.
        client_cpu_seconds: The same for the clients; 0 for the batch, which has none.
        latencies: Seconds until the answer to each text.
        translations: The translations.
    """

    seconds: float
    cpu_seconds: float
    client_cpu_seconds: float
    latencies: list[float]
    translations: list[str]


class Connection(asyncio.Protocol):
    """A connection that stays open, with just enough HTTP for answers of a known length.

    It takes little time of its own, since the server has to share the cores with it.
    """

    def __init__(self, address: str) -> None:
        self._host, self._port = urlsplit(address).hostname, urlsplit(address).port

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_connection(lambda: self, self._host, self._port)

    def write_request(self, fields: dict[str, object]) -> bytes:
        body = json.dumps(fields).encode()
        head = (
            f"POST /t5tune/translate HTTP/1.1\r\nHost: {self._host}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    async def ask(self, request: bytes) -> bytes:
        """Return the body of the answer to a request."""
        self._received = b""
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        if not end or self._answer.done():
            return
        if not head.startswith(b"HTTP/1.1 200 "):
            self._answer.set_exception(RuntimeError(self._received.decode()))
            return
        _, _, rest = head.lower().partition(b"\r\ncontent-length: ")
        if len(body) >= int(rest.partition(b"\r\n")[0]):
            self._answer.set_result(body)

    def connection_lost(self, error: Exception | None) -> None:
        if hasattr(self, "_answer") and not self._answer.done():
            self._answer.set_exception(error or ConnectionResetError("the server closed"))

    def close(self) -> None:
        self._transport.close()


def read_translations(answer: bytes) -> list[str]:
    return [one["translation"] for one in json.loads(answer)["translations"]]


async def ask_all(
    address: str, server: psutil.Process, texts: Sequence[str], num_clients: int
) -> Measured:
    """Translate the texts by clients that ask for one text each at a time."""
    answers = [b""] * len(texts)
    latencies = [0.0] * len(texts)
    connections = [Connection(address) for _ in range(num_clients)]
    await asyncio.gather(*(one.open() for one in connections))
    requests = [connections[0].write_request({"texts": [text], "split": False}) for text in texts]
    places = iter(range(len(texts)))

    async def run_client(connection: Connection) -> None:
        for place in places:  # shared by all clients
            asked = time.perf_counter()
            answers[place] = await connection.ask(requests[place])
            latencies[place] = time.perf_counter() - asked

    before, own_before = count_cpu_seconds(server), time.process_time()
    start = time.perf_counter()
    await asyncio.gather(*map(run_client, connections))
    seconds = time.perf_counter() - start
    used, own_used = count_cpu_seconds(server) - before, time.process_time() - own_before
    for one in connections:
        one.close()
    found = [text for answer in answers for text in read_translations(answer)]
    return Measured(seconds, used, own_used, latencies, found)


async def wait_until_loaded(address: str, text: str) -> None:
    """Wait for what detects languages, which a server loads beside its first requests."""
    connection = Connection(address)
    await connection.open()
    await connection.ask(connection.write_request({"texts": [text], "source": "auto"}))
    connection.close()


def translate_batch(model: OpenedModel, texts: Sequence[str]) -> Measured:
    start, before = time.perf_counter(), time.process_time()
    found = [one.text for one in model.translate(texts)]
    seconds, used = time.perf_counter() - start, time.process_time() - before
    return Measured(seconds, used, 0.0, [], found)


def count_cpu_seconds(process: psutil.Process) -> float:
    """Return the seconds of cores that a process has used, its own and the system's for it."""
    times = process.cpu_times()
    return float(times.user + times.system)


@contextmanager
def run_server(run: str, options: Sequence[str]) -> Iterator[tuple[str, psutil.Process]]:
    """Run a server, and yield its address and its process."""
    command = [sys.executable, "-m", "t5tune", "serve", run, "--port", "0", "--reload-seconds", "0"]
    with subprocess.Popen(
        [*command, *options], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        assert server.stdout is not None
        address = server.stdout.readline().strip()
        if not address:
            raise SystemExit(f"the server did not start: {' '.join(server.args)}")
        try:
            yield address, psutil.Process(server.pid)
        finally:
            server.send_signal(signal.SIGTERM)


def measure(arguments: argparse.Namespace) -> dict[str, list[Measured]]:
    import t5tune

    texts = Path(arguments.texts).read_text(encoding="utf-8").split("\n")
    texts = [text for text in texts if text.strip()][: arguments.number]
    model = t5tune.load(arguments.run)
    model.translate(texts[:50])
    found: dict[str, list[Measured]] = {}
    with run_server(arguments.run, arguments.server_options.split()) as (address, server):
        run_loop(wait_until_loaded(address, texts[0]))
        run_loop(ask_all(address, server, texts[:50], 8))
        for number in range(arguments.rounds):
            found.setdefault("batch", []).append(translate_batch(model, texts))
            for num_clients in arguments.clients:
                measured = run_loop(ask_all(address, server, texts, num_clients))
                found.setdefault(str(num_clients), []).append(measured)
            print(f"round {number + 1} of {arguments.rounds}", file=sys.stderr, flush=True)
    return found


def summarize(found: dict[str, list[Measured]], num_texts: int) -> list[dict[str, object]]:
    """Return a row for the batch and for each number of clients."""
    rows = []
    for side, passes in found.items():
        shares = [b.seconds / one.seconds for b, one in zip(found["batch"], passes, strict=True)]
        same = sum(map(str.__eq__, found["batch"][0].translations, passes[0].translations))
        row: dict[str, object] = {
            "clients": side,
            "texts_per_second": round(num_texts / statistics.median(p.seconds for p in passes), 1),
            "share_of_batch": round(statistics.median(shares), 3),
            "cpu_ms": round(1000 * statistics.median(p.cpu_seconds for p in passes) / num_texts, 3),
            "identical": round(same / num_texts, 4),
        }
        if side != "batch":
            used = statistics.median(p.client_cpu_seconds for p in passes)
            row["client_cpu_ms"] = round(1000 * used / num_texts, 3)
        for percent in PERCENTILES if side != "batch" else ():
            cuts = [statistics.quantiles(p.latencies, n=100)[percent - 1] for p in passes]
            row[f"p{percent}_ms"] = round(1000 * statistics.median(cuts), 1)
        rows.append(row)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("run", help="run, export or model directory")
    parser.add_argument("--texts", required=True, help="file with a text on each line")
    parser.add_argument("--number", type=int, default=2000, help="number of texts")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8, 64])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--server-options", default="", help="further options of the server")
    arguments = parser.parse_args()
    found = measure(arguments)
    num_texts = len(found["batch"][0].translations)
    print(f"{num_texts} texts, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    for row in summarize(found, num_texts):
        print("  ".join(f"{name} {value}" for name, value in row.items()))


if __name__ == "__main__":
    main()
