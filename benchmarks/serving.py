"""Compare t5tune serve, asked by many clients at once, with translating the same texts as a batch.

.venv/bin/python benchmarks/serving.py RUN --texts FILE [--clients 1 8 64] [--rounds 3]

The server is a process of its own. In each round the texts (the first `--number` lines of the file)
are translated as one batch in this process, and then by the server for each number of clients,
which have a connection each and ask for the next text when they have the answer to the last: so
other load on the machine affects all sides. Both have all cores; the clients share them with the
server. Printed are the medians over the rounds of texts per second, of that as a share of the
batch's, and of the 50th, 95th and 99th percentile of the time until an answer.
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
from urllib.parse import urlsplit

PERCENTILES = (50, 95, 99)


@dataclass(frozen=True)
class Measured:
    """What one pass over the texts took."""

    seconds: float
    latencies: list[float]
    translations: list[str]


class Connection:
    """A connection that stays open, with just enough HTTP for answers of a known length."""

    def __init__(self, address: str) -> None:
        self._host, self._port = urlsplit(address).hostname, urlsplit(address).port

    async def open(self) -> None:
        self._reader, self._writer = await asyncio.open_connection(self._host, self._port)

    async def ask(self, fields: dict[str, object]) -> dict[str, object]:
        body = json.dumps(fields).encode()
        head = (
            f"POST /t5tune/translate HTTP/1.1\r\nHost: {self._host}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self._writer.write(head.encode() + body)
        answer = await self._reader.readuntil(b"\r\n\r\n")
        status, *lines = answer.decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines if line)
        content = await self._reader.readexactly(int(headers["content-length"]))
        if " 200 " not in f"{status} ":
            raise RuntimeError(f"{status}: {content.decode()}")
        return json.loads(content)

    def close(self) -> None:
        self._writer.close()


async def ask_all(address: str, texts: Sequence[str], num_clients: int) -> Measured:
    """Translate the texts by clients that ask for one text each at a time."""
    found = [""] * len(texts)
    latencies = [0.0] * len(texts)
    places = iter(range(len(texts)))
    connections = [Connection(address) for _ in range(num_clients)]
    await asyncio.gather(*(one.open() for one in connections))

    async def run_client(connection: Connection) -> None:
        for place in places:  # shared by all clients
            asked = time.perf_counter()
            answer = await connection.ask({"texts": [texts[place]], "split": False})
            latencies[place] = time.perf_counter() - asked
            found[place] = answer["translations"][0]["translation"]

    start = time.perf_counter()
    await asyncio.gather(*map(run_client, connections))
    seconds = time.perf_counter() - start
    for one in connections:
        one.close()
    return Measured(seconds, latencies, found)


@contextmanager
def run_server(run: str, options: Sequence[str]) -> Iterator[str]:
    """Run a server, and yield its address."""
    command = [sys.executable, "-m", "t5tune", "serve", run, "--port", "0", "--reload-seconds", "0"]
    with subprocess.Popen(
        [*command, *options], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        assert server.stdout is not None
        address = server.stdout.readline().strip()
        if not address:
            raise SystemExit(f"the server did not start: {' '.join(server.args)}")
        try:
            yield address
        finally:
            server.send_signal(signal.SIGTERM)


def measure(arguments: argparse.Namespace) -> dict[str, list[Measured]]:
    import t5tune

    texts = Path(arguments.texts).read_text(encoding="utf-8").split("\n")
    texts = [text for text in texts if text.strip()][: arguments.number]
    model = t5tune.load(arguments.run)
    model.translate(texts[:50])
    found: dict[str, list[Measured]] = {}
    with run_server(arguments.run, arguments.server_options.split()) as address:
        asyncio.run(ask_all(address, texts[:50], 8))
        for number in range(arguments.rounds):
            start = time.perf_counter()
            translations = [one.text for one in model.translate(texts)]
            batch = Measured(time.perf_counter() - start, [], translations)
            found.setdefault("batch", []).append(batch)
            for num_clients in arguments.clients:
                measured = asyncio.run(ask_all(address, texts, num_clients))
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
            "identical": round(same / num_texts, 4),
        }
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
