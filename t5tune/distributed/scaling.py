"""Predict how fast a T5 trains on several GPUs, and whether it fits: calculated, not measured.

The time of a step is that of its operations at a given share of the GPU's peak (its utilisation),
plus the communication that cannot happen meanwhile. Waiting for the slowest GPU, reading data,
validation and checkpoints are left out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from t5tune.distributed.model_shape import ModelShape

Sharding = Literal["none", "fsdp"]

GPUS_PER_MACHINE = 8  # of a DGX or HGX A100 and H100
# Collectives do not reach what data sheets promise: NCCL's own model of its speed (`tuning.cc`,
# NCCL 2.10) expects at most 235 of an A100's 300 GB/s.
REACHED = 0.8
# The same model (NCCL 2.19, protocol LL128): microseconds to begin, and to pass a piece on within a
# machine and between two, in a ring and in a tree; a tree's share of the ring's bandwidth.
BEGIN, RING_HOPS, TREE_HOPS, TREE_BANDWIDTH = 14.0, (1.9, 4.0), (1.25, 8.5), 0.92
BUCKET_BYTES = 25 * 2**20  # `bucket_cap_mb` of DistributedDataParallel
WEIGHT_BYTES, GRADIENT_BYTES = 2, 4  # FSDP gathers weights in bf16; gradients are added in fp32
USABLE_MEMORY = 0.9  # the rest: CUDA's context, NCCL's buffers, fragments


@dataclass(frozen=True)
class Machines:
    """Machines of eight GPUs, by their data sheets.

    Attributes:
        flops: Peak of a GPU's dense products in bf16, per second.
        nvlink: Bytes per second and GPU in one direction (data sheets add up both).
        network: Bytes per second and machine in one direction, over all of its ports.
    """

    name: str
    flops: float
    memory_bytes: float
    nvlink: float
    network: float


# NVIDIA's data sheets "A100 80GB" and "H100" have 312 and 989 TFLOP/s, NVLink of 600 and 900 GB/s.
# A DGX has one InfiniBand port per GPU, of 200 (HDR) or 400 Gbit/s (NDR); Ethernet: one port.
_A100, _H100 = (312e12, 80e9, 300e9), (989.4e12, 80e9, 450e9)
MACHINES = {
    "a100-hdr": Machines("A100, 8 × HDR", *_A100, network=8 * 200e9 / 8),
    "h100-ndr": Machines("H100, 8 × NDR", *_H100, network=8 * 400e9 / 8),
    "h100-100g": Machines("H100, 100 Gbit/s", *_H100, network=100e9 / 8),
    "h100-10g": Machines("H100, 10 Gbit/s", *_H100, network=10e9 / 8),
}


@dataclass(frozen=True)
class Batches:
    """What one GPU computes in a step: batches of equal examples, lengths in tokens."""

    num_examples: int
    source_length: int = 128
    target_length: int = 128
    num_batches: int = 1

    @property
    def num_tokens(self) -> int:
        """Source and target tokens of a batch."""
        return self.num_examples * (self.source_length + self.target_length)


@dataclass(frozen=True)
class Prediction:
    """A step as predicted: seconds; bytes of one GPU; tokens of all GPUs."""

    compute: float
    waiting: float  # for communication
    memory_bytes: float
    fits: bool
    tokens_per_second: float

    @property
    def efficiency(self) -> float:
        """Share of the speed that the GPUs would have without communication."""
        return self.compute / (self.compute + self.waiting)


def count_sent_bytes(
    shape: ModelShape,
    sharding: Sharding,
    num_processes: int,
    *,
    num_batches: int = 1,
    weight_bytes: int = WEIGHT_BYTES,
) -> float:
    """Return the bytes that each process sends in a step.

    In a ring, a process sends (N - 1)/N of the data to gather them or to add up each process's
    part, and twice that to add up everything (Patarasuk and Yuan 2009). DDP adds up gradients once.
    FSDP gathers the weights forward and the blocks again backward, and adds up each process's part
    of the gradients, for each batch (Rajbhandari et al. 2020, section 7, for ZeRO stage 3).
    """
    ring = (num_processes - 1) / num_processes
    if sharding == "none":
        return 2 * ring * GRADIENT_BYTES * shape.num_weights
    gathered = weight_bytes * (shape.num_weights + sum(shape.blocks))
    return ring * num_batches * (gathered + GRADIENT_BYTES * shape.num_weights)


def predict_ring(num_bytes: float, num_gpus: int, machines: Machines, passes: int = 1) -> float:
    """Return the seconds in which a ring gathers bytes, or adds up each GPU's part of them.

    In two passes it adds up everything. The ring leaves each machine once, so the slower of NVLink
    and network bounds it (Patarasuk and Yuan 2009, on trees of switches).
    """
    if num_gpus == 1:
        return 0.0
    num_machines = math.ceil(num_gpus / GPUS_PER_MACHINE)
    link = machines.nvlink if num_machines == 1 else min(machines.nvlink, machines.network)
    hops = (num_gpus - num_machines) * RING_HOPS[0] + (num_machines - 1) * RING_HOPS[1]
    sent = num_bytes * (num_gpus - 1) / num_gpus
    return 1e-6 * BEGIN + passes * (1e-6 * hops + sent / (REACHED * link))


def predict_all_reduce(num_bytes: float, num_gpus: int, machines: Machines) -> float:
    """Return the seconds in which all GPUs add up bytes, in a ring or a tree as NCCL chooses.

    Two binary trees send as much as a ring, in fewer hops (Sanders et al. 2009).
    """
    ring = predict_ring(num_bytes, num_gpus, machines, passes=2)
    num_machines = math.ceil(num_gpus / GPUS_PER_MACHINE)
    hops = (num_gpus / num_machines - 1) * TREE_HOPS[0] + math.log2(num_machines) * TREE_HOPS[1]
    link = machines.nvlink if num_machines == 1 else min(machines.nvlink, machines.network)
    sent = 2 * num_bytes * (num_gpus - 1) / num_gpus
    return min(ring, 1e-6 * (BEGIN + 2 * hops) + sent / (TREE_BANDWIDTH * REACHED * link))


def predict_state_bytes(
    shape: ModelShape, sharding: Sharding, num_gpus: int, optimizer_bytes: int = 8
) -> float:
    """Return the bytes that a GPU needs in bf16 whatever the batch.

    Per weight: 4 for itself, 4 for its gradient, `optimizer_bytes` (AdamW: 8), in DDP also 4 for
    the buckets and 2 for autocast's copy. FSDP divides the first three; of two blocks and of what
    is outside blocks it has weight and gradient in bf16 and the gradient in fp32 at a time.
    """
    state = (4 + GRADIENT_BYTES + optimizer_bytes) * shape.num_weights
    if sharding == "none":
        return state + (2 if num_gpus == 1 else 6) * shape.num_weights
    gathered = shape.outside_blocks + 2 * max(shape.blocks)
    return state / num_gpus + (2 * WEIGHT_BYTES + GRADIENT_BYTES) * gathered


def predict_step(
    shape: ModelShape,
    sharding: Sharding,
    num_gpus: int,
    batches: Batches,
    machines: Machines,
    utilisation: float,
) -> Prediction:
    """Predict a training step without gradient checkpointing in which all GPUs compute as much.

    DDP adds up gradients during the last backward pass, but that of T5's embedding, which is also
    the encoder's, is the last to be known (Li et al. 2020, section 3.2, on overlap). FSDP gathers
    and adds up what is outside blocks before and after everything else; that of blocks happens
    while others compute. A third of the operations is forward.
    """
    sources = [batches.source_length] * batches.num_examples
    targets = [batches.target_length] * batches.num_examples
    one_batch = shape.count_flops(sources, targets) / (utilisation * machines.flops)
    forward, backward = one_batch / 3, one_batch * 2 / 3
    if sharding == "none":
        blocks = GRADIENT_BYTES * sum(shape.blocks)
        num_buckets = math.ceil(blocks / BUCKET_BYTES)
        during = num_buckets * predict_all_reduce(blocks / num_buckets, num_gpus, machines)
        last = predict_all_reduce(GRADIENT_BYTES * shape.outside_blocks, num_gpus, machines)
        waiting = last + max(0.0, during - backward)
    else:
        gather, reduce, first, last = (
            sum(predict_ring(size * weights, num_gpus, machines) for weights in parts)
            for parts in (shape.blocks, [shape.outside_blocks])
            for size in (WEIGHT_BYTES, GRADIENT_BYTES)
        )
        exposed = max(0.0, gather - forward) + max(0.0, gather + reduce - backward)
        waiting = batches.num_batches * (first + last + exposed)
    memory = predict_state_bytes(shape, sharding, num_gpus) + shape.count_activation_bytes(
        sum(sources), sum(targets)
    )
    compute = batches.num_batches * one_batch
    return Prediction(
        compute,
        waiting,
        memory,
        memory <= USABLE_MEMORY * machines.memory_bytes,
        num_gpus * batches.num_batches * batches.num_tokens / (compute + waiting),
    )
