// Reads values off the curves and histograms, with a pointer or with the arrow keys.
"use strict";

function startCurve(figure) {
  const points = JSON.parse(figure.dataset.points);
  const drawing = figure.querySelector("svg");
  const readout = figure.querySelector("output");
  const cursor = figure.querySelector(".cursor");
  const places = figure
    .querySelector("polyline")
    .getAttribute("points")
    .split(" ")
    .map((pair) => pair.split(",").map(Number));
  let at = null;

  function show(position) {
    at = position;
    cursor.setAttribute("visibility", at === null ? "hidden" : "visible");
    if (at === null) {
      readout.textContent = readout.dataset.rest;
      return;
    }
    const [x, y] = places[at];
    const [line, dot] = cursor.children;
    line.setAttribute("x1", x);
    line.setAttribute("x2", x);
    dot.setAttribute("cx", x);
    dot.setAttribute("cy", y);
    readout.textContent = `${points[at][1]} at step ${points[at][0]}`;
  }

  drawing.addEventListener("pointermove", (event) => {
    const box = drawing.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * drawing.viewBox.baseVal.width;
    let nearest = 0;
    places.forEach((place, i) => {
      if (Math.abs(place[0] - x) < Math.abs(places[nearest][0] - x)) {
        nearest = i;
      }
    });
    show(nearest);
  });
  drawing.addEventListener("pointerleave", () => show(null));
  drawing.addEventListener("blur", () => show(null));
  drawing.addEventListener("keydown", (event) => {
    const last = places.length - 1;
    const moves = {
      ArrowLeft: Math.max(0, (at ?? last + 1) - 1),
      ArrowRight: Math.min(last, (at ?? -1) + 1),
      Home: 0,
      End: last,
      Escape: null,
    };
    if (event.key in moves) {
      event.preventDefault();
      show(moves[event.key]);
    }
  });
}

function startHistogram(figure) {
  const readout = figure.querySelector("output");
  for (const bar of figure.querySelectorAll("[data-bin]")) {
    bar.addEventListener("pointerenter", () => {
      readout.textContent = bar.dataset.bin;
    });
    bar.addEventListener("pointerleave", () => {
      readout.textContent = readout.dataset.rest;
    });
  }
}

document.querySelectorAll("[data-curve]").forEach(startCurve);
document.querySelectorAll("[data-histogram]").forEach(startHistogram);
