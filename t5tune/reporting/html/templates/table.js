// Shows the table of examples: rows, details, controls, and links such as #example-17.
"use strict";

const table = document.getElementById("table");
const [head, body] = table.children;
const controls = Object.fromEntries(
  ["query", "filter", "sort", "base", "status", "pages", "page-number", "page-size", "legend",
    "first", "previous", "next", "last"].map((id) => [id, document.getElementById(id)]),
);

const columns = [
  { title: "#", sortKey: "index", class: "number" },
  ...(isComparison ? [] : [{ title: data.metric, sortKey: "score-0", class: "number" }]),
  ...(data.sources === null ? [] : [{ title: "Source", sortKey: null, class: "text" }]),
  ...(isComparison ? [{ title: "Reference", sortKey: null, class: "text" }] : []),
  ...data.systems.map((system, s) => ({
    title: isComparison ? system.name : "Hypothesis",
    sortKey: isComparison ? `score-${s}` : null,
    class: "text",
  })),
  ...(isComparison ? [] : [
    { title: "Reference", sortKey: null, class: "text" },
    { title: "Words", sortKey: "length-0", class: "number" },
  ]),
];

function textBlock(...children) {
  const isEmpty = children.length === 1 && typeof children[0] === "string"
    && children[0].trim() === "";
  return make("div", { class: isEmpty ? "words quiet" : "words", dir: "auto" },
    ...(isEmpty ? ["(empty)"] : children));
}

function referenceBlocks(i) {
  return data.references[i].map((reference) => textBlock(showInvisible(reference)));
}

function hypothesisBlock(s, i, mostPairs) {
  const text = data.systems[s].hypotheses[i];
  const others = textsToCompare(s, i);
  if (mostPairs === MOST_PAIRS_IN_DETAIL && others.includes(text)) {
    return make("div", { class: "quiet" }, "none: the texts are the same");
  }
  return textBlock(...(others.length === 0
    ? [showInvisible(text)]
    : markDifferences(text, others, mostPairs)));
}

function scoreLine(s, i) {
  const line = make("div", { class: "cell-score" }, formatScore(data.systems[s].scores[i]));
  const difference = s === 0 ? null : differenceOf(s, i);
  if (difference !== null && difference !== 0) {
    const isBetter = difference > 0 !== data.lowerIsBetter;
    line.append(" ", make("span", { class: isBetter ? "better" : "worse" },
      `${formatDifference(difference)} ${isBetter ? "better" : "worse"}`));
  }
  return line;
}

function cellsOf(i) {
  const index = data.indices[i];
  const toggle = make("button", {
    type: "button", class: "toggle", "aria-expanded": String(view.open.has(index)),
    "aria-controls": `detail-${index}`, "aria-label": `Example ${index}, details`,
  }, String(index));
  const systems = data.systems.map((_, s) => (
    isComparison
      ? [scoreLine(s, i), hypothesisBlock(s, i, MOST_PAIRS_IN_ROW)]
      : [hypothesisBlock(s, i, MOST_PAIRS_IN_ROW)]));
  const source = data.sources === null ? [] : [[textBlock(showInvisible(data.sources[i]))]];
  if (isComparison) {
    return [[toggle], ...source, referenceBlocks(i), ...systems];
  }
  const lengths = `${countWords(data.systems[0].hypotheses[i])} / ${countWords(data.references[i][0] ?? "")}`;
  return [[toggle], [formatScore(data.systems[0].scores[i])], ...source, ...systems,
    referenceBlocks(i), [lengths]];
}

function exampleRow(i) {
  const index = data.indices[i];
  const row = make("tr", { role: "row", class: "example", id: `example-${index}` });
  cellsOf(i).forEach((children, c) => row.append(make("td", {
    role: "cell", class: columns[c].class, "data-title": columns[c].title,
  }, ...children)));
  row.classList.toggle("is-open", view.open.has(index));
  return row;
}

function detailRow(i) {
  const index = data.indices[i];
  const list = make("dl", { class: "detail" });
  const add = (title, ...children) => list.append(
    make("dt", {}, title), make("dd", {}, ...children));
  if (data.sources !== null) {
    add("Source", textBlock(showInvisible(data.sources[i])));
  }
  data.references[i].forEach((reference, r) => add(
    data.references[i].length > 1 ? `Reference ${r + 1}` : "Reference",
    textBlock(showInvisible(reference))));
  data.systems.forEach((system, s) => {
    const score = `${data.metric} ${formatScore(system.scores[i])}`;
    add(isComparison ? `${system.name}, ${score}` : `Hypothesis, ${score}`,
      textBlock(showInvisible(system.hypotheses[i])));
    if (textsToCompare(s, i).length > 0) {
      add(isComparison ? `${system.name}, differences` : "Differences",
        hypothesisBlock(s, i, MOST_PAIRS_IN_DETAIL));
    }
  });
  const findings = findingsOf(index);
  if (findings.length > 0) {
    add("Findings", findings.map((finding) => finding.title).join("; "));
  }
  const links = make("p", { class: "detail-links" },
    make("a", { href: `#example-${index}` }, "Link to this example"));
  if (data.alignments.some((alignment) => alignment.index === index)) {
    links.append(make("a", { href: `#attention-${index}` }, "Attention"));
  }
  return make("tr", { role: "row", class: "detail-row", id: `detail-${index}` },
    make("td", { role: "cell", colspan: columns.length }, list, links));
}

function drawHead() {
  head.replaceChildren(make("tr", { role: "row" }, ...columns.map((column) => {
    const cell = make("th", { scope: "col", role: "columnheader", class: column.class });
    if (column.sortKey === null) {
      cell.append(column.title);
      return cell;
    }
    const isSorted = view.sortKey === column.sortKey;
    const [direction, arrow] = view.isAscending ? ["ascending", "▲"] : ["descending", "▼"];
    cell.setAttribute("aria-sort", isSorted ? direction : "none");
    cell.append(make("button", { type: "button", class: "sort", "data-sort": column.sortKey },
      column.title,
      make("span", { class: "arrow", "aria-hidden": "true" }, isSorted ? arrow : "↕")));
    return cell;
  })));
}

function drawBody() {
  const start = view.page * view.pageSize;
  const shown = view.found.slice(start, start + view.pageSize);
  body.replaceChildren(...shown.flatMap((i) => (
    view.open.has(data.indices[i]) ? [exampleRow(i), detailRow(i)] : [exampleRow(i)])));
  const numPages = Math.max(1, Math.ceil(view.found.length / view.pageSize));
  controls["page-number"].textContent = `Page ${view.page + 1} of ${numPages}`;
  controls.first.disabled = controls.previous.disabled = view.page === 0;
  controls.next.disabled = controls.last.disabled = view.page === numPages - 1;
  const range = shown.length === 0 ? "No examples match." : `Rows ${start + 1}–${start + shown.length}`
    + ` of ${view.found.length}`
    + (view.found.length === numExamples ? "." : ` that match; ${numExamples} examples in all.`);
  const isPart = view.filter !== null && view.filter.examples.length < view.filter.numFound;
  controls.status.textContent = range + (isPart
    ? ` The report names ${view.filter.examples.length} of ${view.filter.numFound} with this finding.`
    : "");
  controls.legend.hidden = view.base === "none";
  controls.sort.value = `${view.sortKey} ${view.isAscending ? "up" : "down"}`;
}

function draw() {
  findExamples();
  drawHead();
  drawBody();
}

function toggleExample(index) {
  const row = document.getElementById(`example-${index}`);
  if (view.open.delete(index)) {
    document.getElementById(`detail-${index}`)?.remove();
  } else {
    view.open.add(index);
    row.after(detailRow(positionOf.get(index)));
  }
  row.classList.toggle("is-open", view.open.has(index));
  row.querySelector(".toggle").setAttribute("aria-expanded", String(view.open.has(index)));
}

// Shows one example with its details, whichever page it is on and whatever the filter is.
function goToExample(index) {
  const position = positionOf.get(index);
  if (position === undefined) {
    return;
  }
  if (!view.found.includes(position)) {
    view.query = controls.query.value = "";
    view.filter = null;
    controls.filter.value = "";
    findExamples();
  }
  view.open.add(index);
  view.page = Math.floor(view.found.indexOf(position) / view.pageSize);
  drawBody();
  const row = document.getElementById(`example-${index}`);
  row.scrollIntoView({ block: "start" });
  row.querySelector(".toggle").focus({ preventScroll: true });
}

function followLink() {
  const match = /^#example-(\d+)$/.exec(location.hash);
  if (match !== null) {
    goToExample(Number(match[1]));
  }
}

function turnPage(page) {
  view.page = page;
  drawBody();
  document.getElementById("status").scrollIntoView({ block: "nearest" });
}

function fillControls() {
  controls.filter.append(
    make("option", { value: "" }, `all ${numExamples}`),
    ...data.filters.filter((filter) => filter.numFound > 0).map((filter) => make("option",
      { value: filter.name }, `${showInvisible(filter.title)} (${filter.numFound})`)));
  controls.sort.append(...sortings.flatMap((sorting) => [
    make("option", { value: `${sorting.key} up` }, `${sorting.title}, smallest first`),
    make("option", { value: `${sorting.key} down` }, `${sorting.title}, largest first`),
  ]));
  controls.base.append(
    make("option", { value: "reference" }, "the nearest reference"),
    ...(isComparison ? data.systems.map((system, s) => make("option", { value: s }, system.name)) : []),
    make("option", { value: "none" }, "nothing"));
}

function listenToControls() {
  let timer = null;
  controls.query.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      view.query = controls.query.value;
      view.page = 0;
      draw();
    }, 120);
  });
  controls.filter.addEventListener("change", () => {
    view.filter = data.filters.find((filter) => filter.name === controls.filter.value) ?? null;
    view.page = 0;
    draw();
  });
  controls.sort.addEventListener("change", () => {
    const [key, direction] = controls.sort.value.split(" ");
    Object.assign(view, { sortKey: key, isAscending: direction === "up", page: 0 });
    draw();
  });
  controls.base.addEventListener("change", () => {
    view.base = controls.base.value;
    drawBody();
  });
  controls["page-size"].addEventListener("change", () => {
    view.pageSize = Number(controls["page-size"].value);
    view.page = 0;
    draw();
  });
  controls.first.addEventListener("click", () => turnPage(0));
  controls.previous.addEventListener("click", () => turnPage(view.page - 1));
  controls.next.addEventListener("click", () => turnPage(view.page + 1));
  controls.last.addEventListener("click", () => turnPage(Math.ceil(view.found.length / view.pageSize) - 1));
}

function listenToTable() {
  head.addEventListener("click", (event) => {
    const button = event.target.closest("[data-sort]");
    if (button !== null) {
      const key = button.dataset.sort;
      sortBy(key);
      draw();
      head.querySelector(`[data-sort="${key}"]`).focus();
    }
  });
  body.addEventListener("click", (event) => {
    const row = event.target.closest("tr.example");
    // Selecting a text to copy it does not open the details.
    if (row !== null && event.target.closest("a") === null && String(getSelection()) === "") {
      toggleExample(Number(row.id.slice("example-".length)));
    }
  });
}

table.style.setProperty("--columns", columns.length);
document.getElementById("controls").hidden = false;
controls.pages.hidden = false;
document.getElementById("controls").addEventListener("submit", (event) => event.preventDefault());
fillControls();
listenToControls();
listenToTable();
draw();
// Runs after loading, when the browser has looked for the link's target itself and moved the focus.
window.addEventListener("load", () => requestAnimationFrame(followLink));
window.addEventListener("hashchange", followLink);
// A link to the example that the address already names does not change the address.
document.addEventListener("click", (event) => {
  const link = event.target.closest('a[href^="#example-"]');
  if (link !== null && link.hash === location.hash) {
    event.preventDefault();
    followLink();
  }
});
