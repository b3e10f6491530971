"""Draw docs/pictures/architecture.svg: the rooms, and the ways of a recipe and a sentence.

.venv/bin/python docs/pictures/architecture.py
"""

from __future__ import annotations

from pathlib import Path

ROOMS = [
    ("cli", "one file a command: parse, call the door, print"),
    ("training", "recipe to run: session, loop, trainer · optim/ checkpoints/ callbacks/"),
    ("reporting", "model and test set to report · comparisons/ html/ model_card/"),
    ("decoding", "sources to hypotheses: torch, CTranslate2 · export/ streaming/ documents/"),
    ("models", "families, loading, from scratch · cpu/"),
    ("data", "splits to examples, examples to batches · readers/ batching/"),
    ("run", "the run directory: paths, lock, manifests"),
    ("recipe", "schema, YAML, problems, recipes that ship"),
    ("scoring", "texts to numbers: registry · metrics/ significance/ diagnosis/"),
    ("distributed", "launching processes, telling them apart, broadcast and gather"),
    ("hub", "what is fetched from the hub, and every failure of it"),
]
LIGHT = {"run", "recipe", "scoring", "hub"}  # import no model library
WAYS = [
    (570, "The way of a recipe", "#1f6feb", [
        ("cli", "train.py"), ("recipe", "loaded, checked"), ("training", "session.py"),
        ("data", "read, encoded"), ("models", "loaded"), ("training", "steps, checkpoints"),
        ("run", "model/, manifest"), ("reporting", "report.json, page"),
    ]),
    (765, "The way of a sentence", "#bc4c00", [
        ("cli", "translate.py"), ("decoding", "engine opened"), ("run", "manifest checked"),
        ("decoding", "tokens, search, text"),
    ]),
]  # fmt: skip
LEFT, TOP, WIDTH, HEIGHT, GAP = 20, 78, 520, 44, 8
INK, GREY = "#1f2328", "#59636e"


def top_of(number: int) -> int:
    return TOP + number * (HEIGHT + GAP)


def write(x: float, y: float, text: str, size: float, colour: str, more: str = "") -> str:
    return f'<text x="{x}" y="{y}" font-size="{size}" fill="{colour}" {more}>{text}</text>'


def draw_room(number: int, name: str, what: str) -> list[str]:
    y, fill = top_of(number), "#eef6ee" if name in LIGHT else "#f2f4f7"
    return [
        f'<rect x="{LEFT}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="6" fill="{fill}" '
        'stroke="#c9d1d9"/>',
        write(LEFT + 12, y + 18, name, 14, INK, 'font-weight="600"'),
        write(LEFT + 12, y + 36, what, 12.5, GREY),
    ]


def draw_way(
    x: int, title: str, colour: str, stops: list[tuple[str, str]], in_room: dict[str, int]
) -> list[str]:
    """Draw numbered stops beside the rooms, in order of time; `in_room` counts those drawn."""
    numbers = {name: number for number, (name, _) in enumerate(ROOMS)}
    parts = [write(x, TOP - 24, title, 14, colour, 'font-weight="600"')]
    for count, (room, text) in enumerate(stops, start=1):
        y = top_of(numbers[room]) + 13 + 20 * in_room[room]
        in_room[room] += 1
        parts += [
            f'<line x1="{LEFT + WIDTH}" y1="{y}" x2="{x - 2}" y2="{y}" stroke="{colour}" '
            'stroke-opacity=".25"/>',
            f'<circle cx="{x + 8}" cy="{y}" r="8.5" fill="{colour}"/>',
            write(x + 8, y + 4, str(count), 11, "#fff", 'text-anchor="middle" font-weight="600"'),
            write(x + 22, y + 4, text, 12.5, INK),
        ]
    return parts


def main() -> None:
    height = top_of(len(ROOMS)) + 34
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 960 {height}" '
        'font-family="system-ui, sans-serif">',
        f'<rect width="960" height="{height}" fill="#ffffff"/>',
        write(LEFT, 30, "The rooms of t5tune", 18, INK, 'font-weight="600"'),
        write(LEFT, 54, "A room imports from the rooms below it, never from one above.", 14, GREY),
    ]
    for number, room in enumerate(ROOMS):
        parts += draw_room(number, *room)
    in_room = {name: 0 for name, _ in ROOMS}
    for way in WAYS:
        parts += draw_way(*way, in_room)
    note = (
        "Green rooms import neither torch nor transformers nor datasets. Every room uses "
        "console.py, files/ and errors.py."
    )
    parts += [write(LEFT, height - 14, note, 12.5, GREY), "</svg>"]
    picture = Path(__file__).with_name("architecture.svg")
    picture.write_text("\n".join(parts) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
