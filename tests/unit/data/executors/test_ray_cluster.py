"""Wrong executors and clusters, each refused in a sentence; integration tests have a cluster."""

from __future__ import annotations

import signal
import socket
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from t5tune.data.executors.chosen_executor import executing_on
from t5tune.data.executors.ray_cluster import compute_chunk
from t5tune.errors import T5TuneError


@pytest.fixture
def ray(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Stand in for Ray, which takes a second to import."""
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    stub = SimpleNamespace(
        is_initialized=lambda: False,
        util=SimpleNamespace(get_node_ip_address=lambda: "10.0.0.5"),
    )
    monkeypatch.setitem(sys.modules, "ray", stub)  # type: ignore[arg-type]
    return stub


def refuse(name: str, address: str | None = None) -> T5TuneError:
    with pytest.raises(T5TuneError) as caught, executing_on(name, address):
        pass
    return caught.value


def test_an_unknown_executor_is_one_sentence() -> None:
    error = refuse("rai")
    assert error.message == "--executor rai is neither local nor ray; did you mean ray?"


def test_this_machine_has_no_address() -> None:
    assert "uses this machine" in refuse("local", "10.0.0.1:6379").message


def test_a_missing_package_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)  # type: ignore[arg-type]
    error = refuse("ray")
    assert error.message == "--executor ray needs the package ray, which is not installed."
    assert error.next_command == "pip install 't5tune[ray]'"


def test_an_address_where_nothing_answers_is_one_sentence(ray: SimpleNamespace) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # and does not listen
        port = unused.getsockname()[1]
        error = refuse("ray", f"ray://127.0.0.1:{port}")
    assert error.message.startswith(f"--address ray://127.0.0.1:{port}: no cluster answers there")
    assert "ray start --head" in str(error.next_command)


@pytest.mark.parametrize("address", ["somewhere", "10.0.0.1:x", ":6379"])
def test_what_is_no_address_is_one_sentence(ray: SimpleNamespace, address: str) -> None:
    message = f"--address {address} is not the address of a cluster."
    assert refuse("ray", address).message == message


def test_a_cluster_leaves_signals_as_they_are(ray: SimpleNamespace) -> None:
    called = []

    def init(address: str, **options: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        called.append(address)

    ray.init, ray.shutdown = init, lambda: called.append("shutdown")
    before = signal.getsignal(signal.SIGTERM)
    with socket.create_server(("127.0.0.1", 0)) as head:
        address = f"127.0.0.1:{head.getsockname()[1]}"
        with executing_on("ray", address):
            assert signal.getsignal(signal.SIGTERM) is before
    assert called == [address, "shutdown"]


def test_what_ray_refuses_is_one_sentence(ray: SimpleNamespace) -> None:
    def init(address: str, **options: object) -> None:
        raise ConnectionError("Could not find any running Ray instance.")

    ray.init = init
    assert refuse("ray").message.startswith("--executor ray: this machine belongs to no cluster")


def load(ray: SimpleNamespace, get: Any, **expected: str) -> T5TuneError:
    ray.get = get
    with pytest.raises(T5TuneError) as caught:
        compute_chunk([SimpleNamespace(hex=lambda: "0")], expected, "item")
    return caught.value


def test_a_worker_with_another_tokenizer_is_one_sentence(ray: SimpleNamespace) -> None:
    error = load(ray, None, tokenizers="0.1")
    assert error.message.startswith("The worker on 10.0.0.5 has tokenizers ")
    assert error.next_command == "pip install tokenizers==0.1   # on 10.0.0.5"


def test_a_worker_that_lacks_the_tokenizer_files_is_one_sentence(ray: SimpleNamespace) -> None:
    def get(reference: object) -> None:
        raise FileNotFoundError("vocab.spm")

    assert "10.0.0.5 cannot open the tokenizer: vocab.spm" in load(ray, get).message
