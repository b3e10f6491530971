"""What a GPU computes at most: published rates of bf16 matrix products, by the device's name.

Only dense rates with sums in fp32 are listed, as the makers publish them. Where a data sheet gives
the rate "with sparsity" alone, half of it is listed, as the sheets' footnotes say.
"""

from __future__ import annotations

import re

# A regular expression for the device's name, TFLOP/s, and the source; the first that matches holds.
PUBLISHED: tuple[tuple[str, float, str], ...] = (
    (r"\bB200\b", 2250.0, "NVIDIA HGX data sheet (HGX B200), half of the rate with sparsity"),
    (r"\bGH200\b", 989.4, "NVIDIA GH200 data sheet, half of 1,979 with sparsity"),
    (r"\bH200 NVL\b", 835.5, "NVIDIA H200 data sheet, half of 1,671 with sparsity"),
    (r"\bH200\b", 989.4, "NVIDIA H200 data sheet, half of 1,979 with sparsity"),
    (r"\bH100 NVL\b", 835.5, "NVIDIA H100 data sheet, half of 1,671 with sparsity"),
    (r"\bH100 PCIe\b", 756.5, "NVIDIA H100 PCIe data sheet, half of 1,513 with sparsity"),
    (r"\bH[18]00\b", 989.4, "NVIDIA H100 data sheet (SXM), half of 1,979 with sparsity"),
    (r"\bA[18]00\b", 312.0, "NVIDIA A100 data sheet"),
    (r"\bA30\b", 165.0, "NVIDIA A30 data sheet"),
    (r"\bA40\b", 149.7, "NVIDIA A40 data sheet"),
    (r"\bA10\b", 125.0, "NVIDIA A10 data sheet"),
    (r"\bRTX A6000\b", 154.8, "NVIDIA RTX A6000 data sheet, half of 309.7 with sparsity"),
    (r"\bL40S\b", 362.0, "NVIDIA L40S data sheet"),
    (r"\bL40\b", 181.0, "NVIDIA L40 data sheet"),
    (r"\bL4\b", 121.0, "NVIDIA L4 data sheet, half of 242 with sparsity"),
    (r"\bRTX 5090\b", 209.5, "NVIDIA RTX Blackwell architecture paper"),
    (r"\bRTX 4090\b(?! Laptop)", 165.2, "NVIDIA Ada architecture paper"),
    (r"\bRTX 3090\b(?! Ti)", 71.0, "NVIDIA Ampere GA102 architecture paper"),
)


def find_published_rate(device: str) -> tuple[float, str] | None:
    """Return a device's floating-point operations per second and the source; None if unknown."""
    for pattern, tflops, source in PUBLISHED:
        if re.search(pattern, device):
            return tflops * 1e12, source
    return None
