"""The cores of a Ray cluster, which compute chunks for this process.

Chunks travel to the workers, and results back: workers read no data and write nothing, so they need
no file of this machine, only the same packages.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from t5tune.data.executors.executor import Executor, Item, Result
from t5tune.data.parallel_map import collect_in_order
from t5tune.errors import T5TuneError, shorten_reason

# What decides the tokens of a text, and which pairs the rules of cleaning leave out.
PACKAGES = ("t5tune", "tokenizers", "transformers", "sentencepiece", "py3langid")
_TRIES = 5  # of a chunk whose worker is lost each time
_CHUNKS_BETWEEN = 50  # after so many the cores are counted again, since a cluster may grow
_SECONDS = 5.0  # within which a machine has to answer
_START = "ray start --head   # and on the other machines: ray start --address HOST:6379"


@contextmanager
def open_cluster(address: str | None) -> Iterator[Executor]:
    """Connect to a cluster.

    Args:
        address: Address; None for `RAY_ADDRESS` or the cluster that this machine belongs to. A
            program that is connected already stays so.

    Yields:
        The executor.

    Raises:
        T5TuneError: Ray is not installed, or the cluster does not answer.
    """
    try:
        import ray
    except ImportError as error:
        raise T5TuneError(
            "--executor ray needs the package ray, which is not installed.",
            next_command="pip install 't5tune[ray]'",
        ) from error
    if ray.is_initialized() and address is None:
        yield compute_on_cluster
        return
    _connect(address or os.environ.get("RAY_ADDRESS") or "auto")
    try:
        yield compute_on_cluster
    finally:
        ray.shutdown()


def _connect(address: str) -> None:
    import ray

    if address != "auto":
        _check_answer(address)
    try:
        with _keeping_sigterm():
            ray.init(address, log_to_driver=False, logging_level="ERROR")
    except (OSError, RuntimeError, ValueError) as error:
        if address == "auto":
            message = (
                "--executor ray: this machine belongs to no cluster, and --address names none."
            )
            raise T5TuneError(message, next_command=_START) from error
        raise T5TuneError(
            f"--address {address}: Ray cannot use it: {shorten_reason(error).rstrip('.')}.",
            next_command="RAY_AUTH_MODE=token before the same command   # where the cluster has a "
            "token; ray status shows a cluster",
        ) from error


@contextmanager
def _keeping_sigterm() -> Iterator[None]:
    """Undo what Ray does to SIGTERM: the command would exit with another code."""
    handler = signal.getsignal(signal.SIGTERM)
    yield
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, handler)


def _check_answer(address: str) -> None:
    """Refuse an address at once where nothing answers; Ray itself tries for two minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdecimal():
        raise T5TuneError(
            f"--address {address} is not the address of a cluster.",
            next_command="--address HOST:6379 on a machine of the cluster, "
            "--address ray://HOST:10001 on any other",
        )
    try:
        socket.create_connection((host.strip("[]"), int(port)), _SECONDS).close()
    except (OSError, OverflowError) as error:
        raise T5TuneError(
            f"--address {address}: no cluster answers there ({shorten_reason(error)}).",
            next_command=_START,
        ) from error


def compute_on_cluster(
    function: Callable[[Item], Result], items: Iterable[Item]
) -> Iterator[tuple[Item, Result]]:
    """Yield each item with the function's result, in order; see `Executor`.

    A chunk whose worker is lost is computed again by another one. The function travels to each
    process of a worker once.

    Raises:
        T5TuneError: A chunk has lost all workers that tried it, or a worker has other packages.
    """
    import ray

    held = [ray.put(function)]  # in a list it stays a reference
    expected = {name: _find_version(name) for name in PACKAGES}
    compute = ray.remote(num_cpus=1, max_retries=_TRIES - 1)(compute_chunk)

    def submit(item: Item) -> Callable[[], Result]:
        return partial(_fetch, compute.remote(held, expected, item))

    yield from collect_in_order(submit, items, _count_waiting())


def _count_waiting() -> Iterator[int]:
    """Yield how many chunks may wait for a core, for each further chunk."""
    import ray

    while True:
        num_cores = int(ray.cluster_resources().get("CPU", 0))
        for _ in range(_CHUNKS_BETWEEN):
            yield 2 * max(1, num_cores)


def _fetch(reference: Any) -> Any:
    import ray
    from ray.exceptions import RayError, RayTaskError

    try:
        return ray.get(reference)
    except RayTaskError as error:
        if isinstance(error.cause, T5TuneError):
            raise error.cause from error
        raise
    except RayError as error:
        raise T5TuneError(
            f"The cluster lost the worker of a chunk {_TRIES} times; that happens when the memory "
            f"of its machines is full ({type(error).__name__}).",
            next_command="ray start --num-cpus N   # with fewer cores of each machine",
        ) from error


_loaded: tuple[str, Callable[[Any], Any]] | None = None  # in a worker: name and function


def compute_chunk(held: list[Any], expected: dict[str, str], item: Any) -> Any:
    """Compute a chunk, in a process of a worker.

    Args:
        held: Reference to the function.
        expected: Versions of the packages that decide the result.
        item: Chunk.

    Raises:
        T5TuneError: This machine has other packages, or the function cannot be loaded on it.
    """
    global _loaded
    name = held[0].hex()
    if _loaded is None or _loaded[0] != name:
        _loaded = name, _load(held[0], expected)
    return _loaded[1](item)


def _load(reference: Any, expected: dict[str, str]) -> Callable[[Any], Any]:
    import ray

    node = ray.util.get_node_ip_address()
    for package, wanted in expected.items():
        if (found := _find_version(package)) != wanted:
            raise T5TuneError(
                f"The worker on {node} has {package} {found}, and this machine has {wanted}; "
                "tokens might differ.",
                next_command=f"pip install {package}=={wanted}   # on {node}",
            )
    os.environ["TOKENIZERS_PARALLELISM"] = "false"  # every core has a process already
    try:
        loaded: Callable[[Any], Any] = ray.get(reference)
    except OSError as error:  # tokenizers that are not fast open their files again
        raise T5TuneError(
            f"The worker on {node} cannot open the tokenizer: {shorten_reason(error)}.",
            next_command="keep the model in a directory that every machine sees at the same place",
        ) from error
    return loaded


def _find_version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "missing"
