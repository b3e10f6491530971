"""Contrastive sets that ship, by name; `data/contrastive` has a file for each."""

from __future__ import annotations

SHIPPED = ("occupations-en-de",)
