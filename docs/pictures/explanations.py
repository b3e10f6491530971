"""Draw the pictures of docs/explanations/.

.venv/bin/python docs/pictures/explanations.py
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import sacrebleu

HERE = Path(__file__).parent
# A picture has a ground of its own, so that it can be read on any page, and follows a dark system.
STYLE = """
.paper{fill:#fff;stroke:#d0d7de} .ink{fill:#1f2328} .grey{fill:#59636e}
.line{stroke:#59636e;fill:none}
.box{fill:#f2f4f7;stroke:#c9d1d9} .first{fill:#8fd3c8} .second{fill:#a9c7f5} .third{fill:#f5cf9d}
.pad{fill:none;stroke:#b6bec7;stroke-dasharray:3 2} .bad{fill:#f3b6b6}
.strong{fill:#00796b;stroke:#00796b} .weak{fill:#bc4c00;stroke:#bc4c00}
@media (prefers-color-scheme:dark){
.paper{fill:#1b1f27;stroke:#3d444d} .ink{fill:#e6e9ed} .grey{fill:#a4aeb9} .line{stroke:#a4aeb9}
.box{fill:#262c36;stroke:#4a525c} .first{fill:#1d6f64} .second{fill:#2f568f} .third{fill:#7d5a26}
.pad{stroke:#69737e} .bad{fill:#8a3a3a}
.strong{fill:#4fc3b4;stroke:#4fc3b4} .weak{fill:#f2a267;stroke:#f2a267}}
"""
FONT = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif"


def picture(width: float, height: float, title: str, parts: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
        f'font-family="{FONT}" role="img" aria-label="{title}"><style>{STYLE}</style>'
        f'<rect class="paper" x=".5" y=".5" width="{width - 1:g}" height="{height - 1:g}" rx="8"/>'
        '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto"><path class="grey" d="M0 0 8 4 0 8z"/></marker></defs>'
        + "\n".join(parts)
        + "</svg>\n"
    )


def text(
    x: float, y: float, what: str, size: float = 13, kind: str = "ink", at: str = "start"
) -> str:
    place = f'x="{x:g}" y="{y:g}" font-size="{size:g}" text-anchor="{at}"'
    return f'<text class="{kind}" {place}>{what}</text>'


def box(x: float, y: float, width: float, height: float, kind: str, round_: float = 4) -> str:
    return (
        f'<rect class="{kind}" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" '
        f'rx="{round_:g}"/>'
    )


def arrow(x: float, y: float, to_x: float, to_y: float) -> str:
    return f'<path class="line" marker-end="url(#head)" d="M{x:g} {y:g} {to_x:g} {to_y:g}"/>'


def token(x: float, y: float, what: str, kind: str, width: float = 66) -> str:
    what = what.replace("<", "&lt;")
    return box(x, y, width, 26, kind) + text(x + width / 2, y + 18, what, 13, "ink", "middle")


def draw_model() -> str:
    """Source tokens through the encoder, the target so far through the decoder, and the loss."""
    source, target = ["The", "dog", "sleeps", "</s>"], ["Der", "Hund", "schläft", "</s>"]
    probabilities = [0.80, 0.60, 0.90, 0.99]
    parts = [
        text(24, 34, "Encoder: reads the whole source", 14),
        text(372, 34, "Decoder: reads the target so far", 14),
    ]
    parts += [
        box(20, 150, 304, 56, "box", 6),
        text(172, 175, "layers of attention, both ways,", 12.5, "grey", "middle"),
    ]
    parts += [text(172, 193, "and feed-forward", 12.5, "grey", "middle")]
    parts += [
        box(368, 150, 304, 56, "box", 6),
        text(520, 175, "layers of attention to the left, attention to", 12.5, "grey", "middle"),
    ]
    parts += [text(520, 193, "the encoder's states, and feed-forward", 12.5, "grey", "middle")]
    for i, word in enumerate(source):
        x = 24 + i * 76
        parts += [token(x, 246, word, "first"), arrow(x + 33, 246, x + 33, 208)]
        parts += [arrow(x + 33, 150, x + 33, 124), token(x, 96, f"state {i + 1}", "box")]
    shifted = ["start", *target[:-1]]
    for i, (word, next_, p) in enumerate(zip(shifted, target, probabilities, strict=True)):
        x = 372 + i * 76
        parts += [token(x, 246, word, "second"), arrow(x + 33, 246, x + 33, 208)]
        parts += [arrow(x + 33, 150, x + 33, 124), token(x, 96, next_, "third")]
        parts.append(text(x + 33, 86, f"p = {p:.2f}", 12, "ink", "middle"))
        parts.append(text(x + 33, 66, f"−ln p = {-math.log(p):.2f}", 11, "grey", "middle"))
    parts.append(
        '<path class="line" marker-end="url(#head)" d="M328 109 C350 109 346 178 365 178"/>'
    )
    mean = sum(-math.log(p) for p in probabilities) / len(probabilities)
    parts.append(text(24, 296, "source", 12, "grey"))
    parts.append(text(372, 296, "the target so far, one place behind", 12, "grey"))
    terms = " + ".join(f"{-math.log(p):.2f}" for p in probabilities)
    perplexity = f"perplexity = e^{mean:.2f} = {math.exp(mean):.2f}"
    parts.append(text(24, 330, f"loss = ({terms}) / 4 = {mean:.2f}", 13.5))
    parts.append(text(372, 330, perplexity, 13.5))
    return picture(692, 350, "An encoder-decoder model and its loss", parts)


ROW = 54  # tokens
LENGTHS = [5, 22, 9, 14, 6, 18, 11, 7, 25, 8, 12, 16]


def draw_batches() -> str:
    """The same twelve pairs in batches of four, of a token budget, and packed into rows."""
    in_order = [LENGTHS[i : i + 4] for i in range(0, 12, 4)]
    budget = list(batches_of_budget(sorted(LENGTHS), 64))
    packed = list(packed_rows(LENGTHS, ROW))
    parts, left = [], 20.0
    panels = [
        ("four pairs a batch", in_order, [max(batch) for batch in in_order]),
        ("64 tokens a batch", budget, [max(batch) for batch in budget]),
        (f"packed, rows of {ROW} tokens", packed, [ROW] * len(packed)),
    ]
    for title, batches, widths in panels:
        is_packed = title.startswith("packed")
        rows = (
            [[batch] for batch in batches]
            if is_packed
            else [[[length] for length in batch] for batch in batches]
        )
        size = sum(len(batch) * width for batch, width in zip(rows, widths, strict=True))
        parts.append(text(left, 32, title, 14))
        parts.append(
            text(
                left,
                52,
                f"{sum(LENGTHS)} of {size} places are tokens: {100 * sum(LENGTHS) / size:.0f} %",
                12.5,
                "grey",
            )
        )
        y = 68.0
        for batch, width in zip(rows, widths, strict=True):
            for row in batch:
                parts.append(box(left, y, width * SCALE, 11, "pad", 2))
                x = left
                for i, length in enumerate(row):
                    parts.append(
                        box(x, y, length * SCALE - 1, 11, ("first", "second", "third")[i % 3], 2)
                    )
                    x += length * SCALE
                y += 14
            y += 0 if is_packed else 9
        left += 300 if is_packed else 245
    notes = (
        "A bar is a pair. A dashed frame is what the processor computes; the rest is padding.",
        "Rows that stand together are one batch, and all rows of a batch are equally long.",
    )
    parts += [text(20, 286 + 18 * i, note, 12.5, "grey") for i, note in enumerate(notes)]
    return picture(810, 320, "Padding in batches of examples, of tokens, and in packed rows", parts)


SCALE = 5.2


def batches_of_budget(lengths: Sequence[int], budget: int) -> Iterator[list[int]]:
    batch: list[int] = []
    for length in lengths:
        if batch and max(*batch, length) * (len(batch) + 1) > budget:
            yield batch
            batch = []
        batch.append(length)
    yield batch


def packed_rows(lengths: Sequence[int], size: int) -> Iterator[list[int]]:
    """Fill each row with the longest examples that still fit."""
    waiting = sorted(lengths, reverse=True)
    while waiting:
        row: list[int] = []
        for length in list(waiting):
            if sum(row) + length <= size:
                row.append(length)
                waiting.remove(length)
        yield row


REFERENCE = "The dog sleeps on the old sofa ."
SENTENCES = [
    ("The dog is sleeping on the old couch .", "right, in other words"),
    ("On the old sofa sleeps the dog .", "right, in another order"),
    ("The dog sleeps on the old cat .", "wrong in one word"),
    ("The dog never sleeps on the old sofa .", "the opposite"),
]


def draw_bleu() -> str:
    """Outputs for one reference, with the words that they share with it in a row, and scores."""
    parts = [text(20, 34, "reference", 12.5, "grey")]
    x = 112.0
    for word in REFERENCE.split():
        parts.append(token(x, 16, word, "box", word_width(word)))
        x += word_width(word) + 5
    parts += [
        text(600, 34, "BLEU", 13, "ink", "middle"),
        text(672, 34, "chrF2++", 13, "ink", "middle"),
    ]
    pairs = set(zip(REFERENCE.split(), REFERENCE.split()[1:], strict=False))
    for number, (sentence, remark) in enumerate(SENTENCES):
        y, x = 66 + number * 62, 112.0
        words = sentence.split()
        parts.append(text(112, y + 43, remark, 12, "grey"))
        for i, word in enumerate(words):
            in_row = (i > 0 and (words[i - 1], word) in pairs) or (
                (word, *words[i + 1 : i + 2]) in pairs
            )
            kind = "first" if in_row else "third" if word in REFERENCE.split() else "bad"
            parts.append(token(x, y, word, kind, word_width(word)))
            x += word_width(word) + 5
        bleu = sacrebleu.sentence_bleu(sentence, [REFERENCE]).score
        chrf = sacrebleu.sentence_chrf(sentence, [REFERENCE], word_order=2).score
        parts.append(text(600, y + 18, f"{bleu:.1f}", 14, "ink", "middle"))
        parts.append(text(672, y + 18, f"{chrf:.1f}", 14, "ink", "middle"))
    y = 66 + len(SENTENCES) * 62 + 12
    legend = [
        ("first", "beside the same neighbour as in the reference"),
        ("third", "in it elsewhere"),
        ("bad", "not in it"),
    ]
    x = 112
    for kind, what in legend:
        parts += [box(x, y - 11, 14, 14, kind), text(x + 20, y + 1, what, 12, "grey")]
        x += 20 + len(what) * 6.6 + 22
    return picture(720, y + 22, "Four outputs for one reference, and their BLEU", parts)


def word_width(word: str) -> float:
    return 14 + 7.6 * len(word)


def draw_bias() -> str:
    """The gaps of the planted bias, as docs/robustness.md has them."""
    page = (HERE.parent / "robustness.md").read_text(encoding="utf-8")
    number = r"([+-]?\d+\.\d)"
    rows = re.findall(
        rf"^\| (none|`counterfactual`) \| (\d) \| .* \| {number} \({number} to {number}\) \|$",
        page,
        re.MULTILINE,
    )
    assert len(rows) == 6
    left, scale = 210, 4.6
    parts = [
        text(
            20,
            30,
            "gap between sentences with the usual gender and those with the other one, in points",
            13,
        )
    ]
    for value in range(0, 101, 20):
        x = left + value * scale
        parts.append(f'<path class="line" opacity=".35" d="M{x:g} 48V{68 + len(rows) * 28}"/>')
        parts.append(text(x, 84 + len(rows) * 28, str(value), 12, "grey", "middle"))
    for i, (arm, seed, gap, low, high) in enumerate(rows):
        y, kind = 66 + i * 28, "weak" if arm == "none" else "strong"
        name = "as it is" if arm == "none" else "counterfactual pairs"
        parts.append(text(20, y + 5, f"{name}, seed {seed}", 13))
        start, middle, end = (left + float(value) * scale for value in (low, gap, high))
        parts.append(f'<path class="{kind}" stroke-width="3" d="M{start:g} {y}H{end:g}"/>')
        parts.append(f'<circle class="{kind}" cx="{middle:g}" cy="{y}" r="6"/>')
    return picture(
        720, 100 + len(rows) * 28, "A planted bias with and without counterfactual pairs", parts
    )


if __name__ == "__main__":
    for name, draw in (
        ("encoder-decoder", draw_model),
        ("batches", draw_batches),
        ("bleu", draw_bleu),
        ("planted-bias", draw_bias),
    ):
        (HERE / f"{name}.svg").write_text(draw(), encoding="utf-8")
