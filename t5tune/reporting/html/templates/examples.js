// Keeps the examples, and decides which of them are shown and in which order.
"use strict";

const numExamples = data.indices.length;
const isComparison = data.systems.length > 1;
const positionOf = new Map(data.indices.map((index, position) => [index, position]));

// Scripts without spaces between words: their lengths are counted in characters.
const UNSPACED = new RegExp(
  ["Han", "Hiragana", "Katakana", "Thai", "Lao", "Khmer", "Myanmar"]
    .map((script) => `\\p{Script=${script}}`).join("|"), "u",
);

function countWords(text) {
  if (UNSPACED.test(text)) {
    return [...text.replace(/\s+/g, "")].length;
  }
  return text.trim() === "" ? 0 : text.trim().split(/\s+/).length;
}

// What the table can be sorted by: {key, title, valueOf(position), descendsFirst}.
const sortings = [
  { key: "index", title: "number", valueOf: (i) => data.indices[i], descendsFirst: false },
  ...data.systems.map((system, s) => ({
    key: `score-${s}`,
    title: isComparison ? `${data.metric} of ${system.name}` : data.metric,
    valueOf: (i) => system.scores[i],
    descendsFirst: data.lowerIsBetter, // the worst first, because readers look for them
  })),
  ...data.systems.slice(1).map((system, s) => ({
    key: `difference-${s + 1}`,
    title: `difference of ${system.name} from ${data.systems[0].name}`,
    valueOf: (i) => differenceOf(s + 1, i),
    descendsFirst: true,
  })),
  ...(data.sources === null ? [] : [{
    key: "source", title: "length of the source", descendsFirst: true,
    valueOf: (i) => countWords(data.sources[i]),
  }]),
  ...data.systems.map((system, s) => ({
    key: `length-${s}`,
    title: isComparison ? `length of ${system.name}` : "length of the hypothesis",
    valueOf: (i) => countWords(system.hypotheses[i]),
    descendsFirst: true,
  })),
];

// Returns the score of a system minus that of the baseline, which is the first system.
function differenceOf(s, i) {
  const [value, baseline] = [data.systems[s].scores[i], data.systems[0].scores[i]];
  return value === null || baseline === null ? null : value - baseline;
}

const view = {
  query: "",
  filter: null, // one of data.filters
  sortKey: "index",
  isAscending: true,
  base: "reference", // what hypotheses are compared with: none, reference, or a system's number
  page: 0,
  pageSize: 50,
  open: new Set(), // indices
  found: [], // positions of the examples that are shown, in order, over all pages
};

let searched = null;

// All texts of each example in lower case, built at the first search.
function searchedTexts() {
  searched ??= data.indices.map((index, i) => [
    `#${index}`,
    data.sources?.[i] ?? "",
    ...data.references[i],
    ...data.systems.map((system) => system.hypotheses[i]),
  ].join("\n").toLowerCase());
  return searched;
}

function findExamples() {
  let found = Array.from({ length: numExamples }, (_, i) => i);
  if (view.filter !== null) {
    found = view.filter.examples.map((index) => positionOf.get(index)).filter((i) => i !== undefined);
  }
  const query = view.query.trim().toLowerCase();
  if (query !== "") {
    const texts = searchedTexts();
    found = found.filter((i) => texts[i].includes(query));
  }
  const sorting = sortings.find((one) => one.key === view.sortKey);
  const values = new Map(found.map((i) => [i, sorting.valueOf(i)]));
  const sign = view.isAscending ? 1 : -1;
  found.sort((a, b) => {
    const [x, y] = [values.get(a), values.get(b)];
    if (x === y) {
      return a - b;
    }
    // Missing values come last in either direction.
    if (x === null || y === null) {
      return x === null ? 1 : -1;
    }
    return sign * (x - y);
  });
  view.found = found;
  view.page = Math.min(view.page, Math.max(0, Math.ceil(found.length / view.pageSize) - 1));
}

function sortBy(key) {
  const sorting = sortings.find((one) => one.key === key);
  view.isAscending = view.sortKey === key ? !view.isAscending : !sorting.descendsFirst;
  view.sortKey = key;
  view.page = 0;
}

// The texts that a hypothesis is compared with word by word; none is an empty list.
function textsToCompare(s, i) {
  if (view.base === "reference") {
    return data.references[i];
  }
  if (view.base === "none" || Number(view.base) === s) {
    return [];
  }
  return [data.systems[Number(view.base)].hypotheses[i]];
}

function findingsOf(index) {
  return data.filters.filter((filter) => filter.examples.includes(index));
}
