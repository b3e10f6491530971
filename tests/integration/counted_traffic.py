"""Train a T5 with DDP and with FSDP on several processes, and write the bytes each one received.

torchrun --nproc-per-node N tests/integration/counted_traffic.py DIRECTORY
"""

from __future__ import annotations

import json
import os
import socket
import struct
import sys
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from transformers import T5Config, T5ForConditionalGeneration

from tests.integration import two_sharded_processes

# Every number of rows divides by two and by three, so that no shard is padded.
CONFIG = T5Config(
    vocab_size=300, d_model=120, d_kv=12, d_ff=240, num_layers=2, num_decoder_layers=1, num_heads=6,
    relative_attention_num_buckets=30, dropout_rate=0.0, decoder_start_token_id=0,
)  # fmt: skip
BYTES_RECEIVED = 128  # offset in Linux's `struct tcp_info` of tcpi_bytes_received, 8 bytes
REDUCED = 6 * 10**5  # numbers


def count_received_bytes() -> int:
    """Return the bytes that this process has received through the TCP sockets it has open."""
    total = 0
    for name in Path("/proc/self/fd").iterdir():
        try:
            if not str(name.readlink()).startswith("socket:"):
                continue
            opened = socket.socket(fileno=os.dup(int(name.name)))
        except OSError:
            continue
        with opened:
            if opened.family in (socket.AF_INET, socket.AF_INET6):
                info = opened.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
                total += struct.unpack_from("Q", info, BYTES_RECEIVED)[0]
    return total


class Counter(two_sharded_processes.Recorder):
    """Count what arrives between the beginning and the end of the last step."""

    received = 0

    def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        Counter.received = -count_received_bytes()

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        Counter.received += count_received_bytes()


def count_of_reduce_scatter() -> float:
    """Return the bytes received for each byte of which a process gets the sum of its part."""
    numbers = torch.ones(REDUCED)
    part = numbers.new_empty(REDUCED // dist.get_world_size())
    before = count_received_bytes()
    dist.reduce_scatter_tensor(part, numbers)
    return (count_received_bytes() - before) / numbers.nbytes


def main() -> None:
    directory = Path(sys.argv[1])
    two_sharded_processes.Recorder = Counter  # type: ignore[misc]
    two_sharded_processes.build = lambda _: T5ForConditionalGeneration(CONFIG)
    received: dict[str, float] = {}
    for sharding in ("none", "fsdp"):
        job = two_sharded_processes.Job(
            str(directory / sharding), training={"sharding": sharding}, steps=2
        )
        two_sharded_processes.run(job)
        received[sharding] = Counter.received
    received["reduce_scatter"] = count_of_reduce_scatter()
    file = directory / f"received-{dist.get_rank()}.json"
    file.write_text(json.dumps(received), encoding="utf-8")
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
