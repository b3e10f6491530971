"""Test the predicted speed: the documents show it, and it behaves as it must."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from t5tune.distributed.model_shape import T5_SHAPES
from t5tune.distributed.scaling import (
    BUCKET_BYTES,
    GPUS_PER_MACHINE,
    MACHINES,
    Batches,
    Sharding,
    predict_all_reduce,
    predict_ring,
    predict_state_bytes,
    predict_step,
)
from tests.conftest import REPOSITORY

LARGE, ELEVEN = T5_SHAPES["t5-large"], T5_SHAPES["t5-11b"]
H100 = MACHINES["h100-ndr"]


def test_the_documents_show_what_is_calculated(monkeypatch: pytest.MonkeyPatch) -> None:
    """If this fails: benchmarks/scaling.py prints the tables, docs/pictures/scaling.py draws."""
    monkeypatch.syspath_prepend(str(REPOSITORY / "benchmarks"))
    import scaling

    page = (REPOSITORY / "docs" / "scaling.md").read_text(encoding="utf-8")
    assert "\n".join(scaling.format_speeds(*scaling.ASSUMED)) in page
    assert "\n".join(scaling.format_memory()) in page
    pictures = REPOSITORY / "docs" / "pictures"
    picture = runpy.run_path(str(pictures / "scaling.py"))
    assert (pictures / "scaling.svg").read_text(encoding="utf-8") == picture["draw"]()
    accumulated = picture["predict_efficiency"]("h100-100g", "none", 16, 512)
    assert f"100 Gbit/s to {100 * accumulated:.0f} % of the full speed" in page


def test_the_utilisation_of_a_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The median of t5tune's fastest arm at t5-large counts, as a share of the published rate."""
    monkeypatch.syspath_prepend(str(REPOSITORY / "benchmarks"))
    import gpu_report
    import scaling

    speeds = [("t5-large", "t5tune", 300), ("t5-large", "t5tune-packed", 400)]
    speeds += [("t5-large", "t5tune-packed", 500), ("t5-large", "t5tune-packed", 450)]
    speeds += [("t5-small", "t5tune-packed", 800), ("t5-large", "stock", 900)]
    runs = [
        {
            "shape": shape, "arm": arm, "bf16": True, "real_tokens_per_second": speed,
            "model_flops_per_second": speed,
        }
        for shape, arm, speed in speeds
    ]  # fmt: skip
    numbers = {"runs": runs, "matmul_flops_per_second": {"bf16": 700.0, "fp32": 60.0}}
    report = tmp_path / "gpu-report.md"
    gpu_report.append_section(report, "Tests", "All passed.", {"passed": 80})
    gpu_report.append_section(
        report, "Speed", "", numbers | {"published": {"flops_per_second": 1000.0, "source": "here"}}
    )
    assert scaling.read_utilisation(report) == pytest.approx(0.45)
    unknown = tmp_path / "unknown.md"
    gpu_report.append_section(unknown, "Speed", "", numbers | {"published": None})
    with pytest.raises(SystemExit, match="published rate is known"):
        scaling.read_utilisation(unknown)


@pytest.mark.parametrize("sharding", ["none", "fsdp"])
def test_one_gpu_waits_for_nobody(sharding: Sharding) -> None:
    step = predict_step(LARGE, sharding, 1, Batches(64), H100, 0.45)
    assert step.efficiency == 1
    assert step.tokens_per_second == pytest.approx(64 * 256 / step.compute)


def test_large_messages_take_the_slowest_link() -> None:
    """892 MB for t5-base on eight GPUs are 1.56 GB to send, as docs/scaling.md calculates."""
    size = 4 * T5_SHAPES["t5-base"].num_weights
    sent = 2 * 7 / 8 * size
    assert predict_all_reduce(size, 8, H100) == pytest.approx(sent / (0.8 * 450e9), rel=0.02)
    between = predict_all_reduce(size, 16, MACHINES["h100-10g"])
    assert between == pytest.approx(2 * 15 / 16 * size / (0.8 * 1.25e9), rel=0.02)


def test_small_messages_take_fewer_hops_in_a_tree() -> None:
    ring = predict_ring(BUCKET_BYTES, 512, H100, passes=2)
    assert predict_all_reduce(BUCKET_BYTES, 512, H100) < ring / 5
    # 448 hops within machines and 63 between them, once around, and 14 microseconds to begin.
    assert predict_ring(0, 512, H100) == pytest.approx(1e-6 * (14 + 448 * 1.9 + 63 * 4.0))


def test_accumulation_divides_what_ddp_waits_for_but_not_fsdp() -> None:
    ethernet = MACHINES["h100-100g"]

    def waited(sharding: Sharding, num_batches: int) -> float:
        batches = Batches(64, num_batches=num_batches)
        step = predict_step(LARGE, sharding, 2 * GPUS_PER_MACHINE, batches, ethernet, 0.45)
        return step.waiting / num_batches

    assert waited("none", 16) == pytest.approx(waited("none", 1) / 16)
    assert waited("fsdp", 16) == pytest.approx(waited("fsdp", 1))


def test_what_does_not_fit_is_said() -> None:
    assert not predict_step(ELEVEN, "none", 64, Batches(1), H100, 0.45).fits
    assert not predict_step(ELEVEN, "fsdp", 8, Batches(64), H100, 0.45).fits
    assert predict_step(ELEVEN, "fsdp", 8, Batches(8), H100, 0.45).fits
    # 16 bytes a weight, and with the buckets and autocast's copies 22 on each GPU of DDP.
    assert predict_state_bytes(LARGE, "none", 8) == 22 * LARGE.num_weights
    assert predict_state_bytes(LARGE, "fsdp", 10**9) < 0.1 * predict_state_bytes(LARGE, "none", 1)
