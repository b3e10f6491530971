"""Test the calculated communication against the bytes that processes really receive."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from t5tune.distributed.model_shape import ModelShape
from t5tune.distributed.scaling import GRADIENT_BYTES, count_sent_bytes
from tests import forks
from tests.integration.counted_traffic import CONFIG
from tests.integration.two_sharded_processes import BATCHES_PER_STEP

# Lengths of messages, the count of tokens, the norm, signals.
SMALL = 0.01


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counts by Linux's TCP_INFO")
@pytest.mark.parametrize("num_processes", [2, 3])
def test_each_process_receives_as_much_as_calculated(num_processes: int, tmp_path: Path) -> None:
    """In a ring each process receives what another has sent, so it is the same number.

    gloo may add up everything everywhere where only each process's part is needed, which a ring of
    NCCL does not; what it costs is counted by itself.
    """
    forks.run_ranks(num_processes, "tests.integration.counted_traffic", str(tmp_path))
    shape = ModelShape.of(CONFIG)
    num_batches = -(-BATCHES_PER_STEP // num_processes)
    for rank in range(num_processes):
        received = json.loads((tmp_path / f"received-{rank}.json").read_text(encoding="utf-8"))
        ddp = count_sent_bytes(shape, "none", num_processes)
        assert received["none"] == pytest.approx(ddp, rel=SMALL)
        needed = (num_processes - 1) / num_processes
        by_gloo = received["reduce_scatter"] - needed
        fsdp = (
            count_sent_bytes(shape, "fsdp", num_processes, num_batches=num_batches, weight_bytes=4)
            + num_batches * by_gloo * GRADIENT_BYTES * shape.num_weights
        )
        assert received["fsdp"] == pytest.approx(fsdp, rel=SMALL)
        assert by_gloo == pytest.approx(0, abs=SMALL) or by_gloo == pytest.approx(needed, SMALL)
