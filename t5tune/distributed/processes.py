"""Communication among processes: broadcast from the main process, gather, reduce.

In a single process every function here returns at once, and torch is not imported.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from t5tune.console import say, silence
from t5tune.distributed.failures import MainProcessFailed
from t5tune.distributed.launch_environment import (
    Place,
    complete_environment,
    drop_accelerate_settings,
    find_place,
    forget_launcher,
)
from t5tune.distributed.torch_import import bound_spinning
from t5tune.errors import T5TuneError

if TYPE_CHECKING:
    import torch

T = TypeVar("T")

# A process that dies is noticed by its closed connections. This limit is for one that hangs; within
# it the main process may write a checkpoint or score a test set.
TIMEOUT = timedelta(hours=2)

MEETING = timedelta(minutes=15)  # time for all to start: imports from a slow disk take a while
CONNECT_ATTEMPT = timedelta(seconds=10)  # duration of one attempt to reach the main process

_BLOCK = 1 << 28  # number of elements of one broadcast


class _State:
    """State of this process; variables of the module would need `global` everywhere."""

    place = Place()
    is_joined = False
    were_several = False
    store: Any = None
    num_turns = 0


def place() -> Place:
    """Return the place of this process among all."""
    return _State.place


def is_main_process() -> bool:
    """Return whether this is the main process, which reads, writes and prints."""
    return _State.place.rank == 0


def were_several() -> bool:
    """Return whether this process has finished its work among several processes."""
    return _State.were_several


def are_several() -> bool:
    """Return whether there are other processes."""
    return _State.place.num_processes > 1


@contextmanager
def joined() -> Iterator[None]:
    """Join the processes that a launcher has started, while the block runs.

    Raises:
        T5TuneError: The environment is contradictory, or there are fewer GPUs than processes.
    """
    if _State.is_joined:  # a command is, and calls what a program calls
        yield
        return
    found = find_place(os.environ)
    dropped = drop_accelerate_settings(os.environ)
    if found.num_processes > 1:
        complete_environment(os.environ, found)
        _State.place = found
        if found.rank > 0:
            silence()
    for setting, key in dropped.items():
        say(f"{setting} of Accelerate's configuration is ignored; {key} in the recipe sets it")
    if found.num_processes == 1:
        _warn_of_accelerate()
        forget_launcher(os.environ)
        _State.is_joined = True
        try:
            yield
        finally:
            _State.is_joined = False
        return
    # We report attempts to reach the others; torch would print a stack for each of them.
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")
    bound_spinning()
    import torch.distributed as dist

    _connect()
    _State.is_joined = True
    yield
    dist.barrier()  # the main process holds the store, so it leaves last
    dist.destroy_process_group()
    _State.were_several = True
    _State.place, _State.store, _State.num_turns = Place(), None, 0
    _State.is_joined = False


def _warn_of_accelerate() -> None:
    on_cpu = os.environ.get("ACCELERATE_USE_CPU", "").lower() == "true"
    if on_cpu and "MASTER_ADDR" in os.environ:
        say(
            "warning: `accelerate launch --cpu` has started one process, as it does without MPI; "
            "t5tune train RECIPE --num-processes N starts several"
        )


def _connect() -> None:
    """Initialize the process group: NCCL between GPUs, gloo for everything else."""
    import torch
    import torch.distributed as dist
    from torch.distributed import PrefixStore  # type: ignore[attr-defined]

    here = _State.place
    backend = "gloo"
    if torch.cuda.is_available():
        if here.local_rank >= torch.cuda.device_count():
            raise T5TuneError(
                f"{here.local_rank + 1} processes or more on a machine with "
                f"{torch.cuda.device_count()} GPUs: each process needs one of its own.",
                next_command=f"the same command with --num-processes {torch.cuda.device_count()}",
            )
        torch.cuda.set_device(here.local_rank)
        backend = "cpu:gloo,cuda:nccl"
    store = _meet()
    dist.init_process_group(
        backend,
        store=PrefixStore("torch", store),
        rank=here.rank,
        world_size=here.num_processes,
        timeout=TIMEOUT,
    )
    _State.store = PrefixStore("t5tune", store)


def _meet() -> Any:
    """Wait until all processes have arrived, and return their store.

    It asks repeatedly, because Python handles no signal during a call of torch.

    Raises:
        T5TuneError: A process has not arrived, or the address is wrong.
    """
    import torch.distributed as dist

    # torch documents them here and does not export them to type checkers.
    from torch.distributed import PrefixStore, TCPStore  # type: ignore[attr-defined]

    here = _State.place
    store: Any = None
    host, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
    # torchrun keeps the store itself, and keeps it when it restarts the processes.
    is_host = here.rank == 0 and os.environ.get("TORCHELASTIC_USE_AGENT_STORE") != "True"
    attempt = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")
    end = time.monotonic() + MEETING.total_seconds()
    arrived = [f"arrived {rank}" for rank in range(here.num_processes)]
    while time.monotonic() < end:
        try:
            if store is None:
                server = TCPStore(
                    host,
                    port,
                    None,
                    is_host,
                    CONNECT_ATTEMPT,
                    wait_for_workers=False,
                    multi_tenant=True,
                )
                store = PrefixStore(f"attempt {attempt}", server)
                store.set(arrived[here.rank], "")
            if store.check(arrived):
                store.set_timeout(TIMEOUT)
                return store
        except dist.DistError:
            store = None
        time.sleep(0.02)
    missing = [rank for rank, key in enumerate(arrived) if store and not store.check([key])]
    what = f"those of rank {', '.join(map(str, missing))} are missing" if missing else "no answer"
    raise T5TuneError(
        f"the process of rank {here.rank} has waited {MEETING.seconds // 60} minutes at "
        f"{host}:{port} for all {here.num_processes}: {what}.",
        next_command="start the same command on every machine, with a --main-process that all of "
        "them can reach",
    )


def broadcast_result(compute: Callable[[], T]) -> T:
    """Compute something in the main process and broadcast it; the others wait as long as it takes.

    Only the main process calls `compute`; its result can be pickled.

    Raises:
        T5TuneError: `compute` has failed (raised in the main process).
        MainProcessFailed: The main process has failed (raised in the others).
    """
    if not are_several():
        return compute()
    import torch
    import torch.distributed as dist

    _State.num_turns += 1
    turn = f"turn {_State.num_turns}"
    outcome: list[tuple[T] | None] = [None]  # it stays None if the main process fails
    error: T5TuneError | None = None
    if is_main_process():
        try:
            outcome = [(compute(),)]
        except T5TuneError as raised:
            error = raised
        _State.store.set(turn, "done")
    else:
        pause = 0.001
        while not _State.store.check([turn]):  # a collective would time out in the meantime
            time.sleep(pause)
            pause = min(2 * pause, 0.1)
    dist.broadcast_object_list(outcome, src=0, device=torch.device("cpu"))
    if outcome[0] is None:
        raise error or MainProcessFailed()
    return outcome[0][0]


class OfMainProcess(Generic[T]):
    """A value that only the main process has."""

    def __init__(self, *value: T) -> None:
        self._value = value

    def get(self) -> T:
        """Return the value; only the main process may call this."""
        (value,) = self._value
        return value


def on_main_process(compute: Callable[[], T]) -> OfMainProcess[T]:
    """Compute something in the main process alone. Errors as in `broadcast_result`."""
    results: list[T] = []
    broadcast_result(lambda: results.append(compute()))
    return OfMainProcess(*results)


def gather(item: T) -> list[T]:
    """Gather one item of each process in all processes, by rank; it must be picklable."""
    if not are_several():
        return [item]
    import torch.distributed as dist

    items: list[Any] = [None] * _State.place.num_processes
    dist.all_gather_object(items, item)
    return items


def largest(number: float) -> float:
    """Return the maximum of a number over all processes."""
    return _reduce(number, "MAX")


def smallest(number: float) -> float:
    """Return the minimum of a number over all processes."""
    return _reduce(number, "MIN")


def total(number: float) -> float:
    """Return the sum of a number over all processes."""
    return _reduce(number, "SUM")


def _reduce(number: float, operation: str) -> float:
    if not are_several():
        return number
    import torch
    import torch.distributed as dist

    tensor = torch.tensor(number, dtype=torch.float64)
    dist.all_reduce(tensor, getattr(dist.ReduceOp, operation))
    return float(tensor)


def broadcast_tensor(tensor: torch.Tensor) -> None:
    """Broadcast a tensor from the main process, in place; shape and dtype are the same in all."""
    if not are_several():
        return
    import torch
    import torch.distributed as dist

    with torch.no_grad():
        flat = tensor.detach().contiguous().view(-1)
        for start in range(0, flat.numel(), _BLOCK):
            dist.broadcast(flat[start : start + _BLOCK], src=0)
        if flat.data_ptr() != tensor.data_ptr():
            tensor.copy_(flat.view_as(tensor))
