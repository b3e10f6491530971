// Draws which source tokens the model attended to for each token that it generated.
"use strict";

const CELL = 20; // pixels
const LONGEST_LABEL = 14; // characters

function shorten(token) {
  const characters = [...showInvisible(token)];
  return characters.length > LONGEST_LABEL
    ? `${characters.slice(0, LONGEST_LABEL - 1).join("")}…`
    : characters.join("");
}

function drawHeatmap({ source, target, weights }) {
  // A character 12 pixels high is about 7 pixels wide.
  const left = 10 + 7.2 * Math.max(...target.map((token) => [...shorten(token)].length), 1);
  const top = 10 + 6.4 * Math.max(...source.map((token) => [...shorten(token)].length), 1);
  const width = left + CELL * source.length + top * 0.6;
  const height = top + CELL * target.length + 2;
  const drawing = make("svg", {
    class: "heatmap", width, height, viewBox: `0 0 ${width} ${height}`, role: "img",
    "aria-label": `${target.length} target tokens by ${source.length} source tokens; `
      + "the table below lists the strongest of each row",
  });
  const columns = source.map((token, j) => {
    const x = left + CELL * j + CELL / 2 + 3;
    return make("text", {
      class: "token", x, y: top - 7, transform: `rotate(-55 ${x} ${top - 7})`,
    }, shorten(token));
  });
  const rows = target.map((token, i) => make("text", {
    class: "token", x: left - 7, y: top + CELL * i + CELL / 2 + 4, "text-anchor": "end",
  }, shorten(token)));
  const cells = make("g");
  weights.forEach((row, i) => row.forEach((weight, j) => cells.append(make("rect", {
    class: "weight", x: left + CELL * j, y: top + CELL * i, width: CELL - 1, height: CELL - 1,
    rx: 2, "fill-opacity": Math.max(weight, 0).toFixed(3),
  }))));
  drawing.append(
    make("rect", {
      class: "weights", x: left - 1, y: top - 1, rx: 3,
      width: CELL * source.length + 1, height: CELL * target.length + 1,
    }),
    ...columns, ...rows, cells,
  );

  let marked = [];
  function mark(i, j) {
    marked.forEach((label) => label.classList.remove("is-marked"));
    marked = i === null ? [] : [rows[i], columns[j]];
    marked.forEach((label) => label.classList.add("is-marked"));
  }
  drawing.addEventListener("pointermove", (event) => {
    const box = drawing.getBoundingClientRect();
    const i = Math.floor((event.clientY - box.top - top) / CELL);
    const j = Math.floor((event.clientX - box.left - left) / CELL);
    if (i < 0 || j < 0 || i >= target.length || j >= source.length) {
      hideTooltip();
      mark(null);
      return;
    }
    mark(i, j);
    showTooltip(
      `${showInvisible(target[i])} ← ${showInvisible(source[j])}: ${weights[i][j].toFixed(2)}`,
      event.clientX, event.clientY,
    );
  });
  drawing.addEventListener("pointerleave", () => {
    hideTooltip();
    mark(null);
  });
  return drawing;
}

function strongestTable({ source, target, weights }) {
  const body = make("tbody");
  target.forEach((token, i) => {
    const strongest = weights[i].indexOf(Math.max(...weights[i]));
    body.append(make("tr", {},
      make("th", { scope: "row", dir: "auto" }, showInvisible(token)),
      make("td", { dir: "auto" }, showInvisible(source[strongest] ?? "")),
      make("td", { class: "number" }, (weights[i][strongest] ?? 0).toFixed(2)),
    ));
  });
  const head = make("tr", {}, ...["Target token", "Strongest source token", "Weight"].map(
    (name) => make("th", { scope: "col" }, name),
  ));
  return make("details", {},
    make("summary", {}, "As a table"),
    make("table", { class: "strongest" }, make("thead", {}, head), body),
  );
}

function startHeatmaps() {
  const place = document.getElementById("heatmaps");
  for (const alignment of place === null ? [] : data.alignments) {
    const link = make("a", { href: `#example-${alignment.index}` }, `Example ${alignment.index}`);
    place.append(make("figure", { class: "alignment", id: `attention-${alignment.index}` },
      make("figcaption", {}, link),
      make("div", {
        class: "scroll", tabindex: 0, role: "region",
        "aria-label": `Heat map of example ${alignment.index}`,
      }, drawHeatmap(alignment)),
      strongestTable(alignment),
    ));
  }
}

startHeatmaps();
