// Finds the differences between two texts, word by word.
"use strict";

// Above this many pairs of words the comparison is noticeably slow: in a page of rows, or in one detail.
const MOST_PAIRS_IN_ROW = 160_000; // the square of 400 words
const MOST_PAIRS_IN_DETAIL = 4_000_000; // of 2000 words

const segmenter = "Segmenter" in Intl ? new Intl.Segmenter("und", { granularity: "word" }) : null;

// Returns the words and punctuation marks of a text, each with whether white space precedes it. Texts that
// are written without spaces are segmented by the browser's dictionary.
function splitWords(text) {
  const pieces = segmenter === null
    ? text.split(/(\s+)/)
    : Array.from(segmenter.segment(text), (piece) => piece.segment);
  const words = [];
  let isSpaced = false;
  for (const piece of pieces) {
    if (piece.trim() === "") {
      isSpaced ||= piece !== "";
    } else {
      words.push({ text: piece, isSpaced: isSpaced && words.length > 0 });
      isSpaced = false;
    }
  }
  return words;
}

// Finds the cheapest way from one list of words to another, each step costing 1 (Levenshtein). Returns
// runs {kind, old, new} of words; kind is same, swap, insert or delete; null if there are more than
// `mostPairs` pairs of words that differ.
function compareWords(before, after, mostPairs) {
  let start = 0;
  while (start < before.length && start < after.length
      && before[start].text === after[start].text) {
    start += 1;
  }
  let end = 0;
  while (end < before.length - start && end < after.length - start
      && before.at(-1 - end).text === after.at(-1 - end).text) {
    end += 1;
  }
  const old = before.slice(start, before.length - end);
  const now = after.slice(start, after.length - end);
  if (old.length * now.length > mostPairs) {
    return null;
  }
  const runs = [];
  const add = (kind, oldWord, newWord) => {
    if (runs.at(-1)?.kind !== kind) {
      runs.push({ kind, old: [], new: [] });
    }
    const run = runs.at(-1);
    if (oldWord !== null) {
      run.old.push(oldWord);
    }
    if (newWord !== null) {
      run.new.push(newWord);
    }
  };
  for (let i = 0; i < start; i += 1) {
    add("same", before[i], after[i]);
  }
  for (const [kind, i, j] of cheapestSteps(old, now)) {
    add(kind, kind === "insert" ? null : old[i], kind === "delete" ? null : now[j]);
  }
  for (let i = end; i > 0; i -= 1) {
    add("same", before.at(-i), after.at(-i));
  }
  return runs;
}

function cheapestSteps(old, now) {
  const width = now.length + 1;
  const cost = new Uint32Array((old.length + 1) * width);
  for (let j = 0; j < width; j += 1) {
    cost[j] = j;
  }
  for (let i = 1; i <= old.length; i += 1) {
    cost[i * width] = i;
    for (let j = 1; j < width; j += 1) {
      const swap = cost[(i - 1) * width + j - 1] + (old[i - 1].text === now[j - 1].text ? 0 : 1);
      const shorter = Math.min(cost[(i - 1) * width + j], cost[i * width + j - 1]) + 1;
      cost[i * width + j] = Math.min(swap, shorter);
    }
  }
  const steps = [];
  let i = old.length;
  let j = now.length;
  while (i > 0 || j > 0) {
    const here = cost[i * width + j];
    const isSame = i > 0 && j > 0 && old[i - 1].text === now[j - 1].text;
    if (i > 0 && j > 0 && here === cost[(i - 1) * width + j - 1] + (isSame ? 0 : 1)) {
      steps.push([isSame ? "same" : "swap", --i, --j]);
    } else if (i > 0 && here === cost[(i - 1) * width + j] + 1) {
      steps.push(["delete", --i, j]);
    } else {
      steps.push(["insert", i, --j]);
    }
  }
  return steps.reverse();
}

function countChanges(runs) {
  return runs === null ? Infinity : runs.reduce(
    (sum, run) => sum + (run.kind === "same" ? 0 : Math.max(run.old.length, run.new.length)), 0,
  );
}

function joinWords(words) {
  return showInvisible(words.map((word, i) => (i > 0 && word.isSpaced ? " " : "") + word.text).join(""));
}

// Returns `text` with marks where it differs from the nearest of `others`. Marks are underlined or struck
// through and carry a sign, so that they are visible without colours too.
function markDifferences(text, others, mostPairs) {
  const words = splitWords(text);
  let runs = null;
  for (const other of others) {
    const candidate = compareWords(splitWords(other), words, mostPairs);
    if (candidate !== null && countChanges(candidate) < countChanges(runs)) {
      runs = candidate;
    }
  }
  if (runs === null) {
    return [showInvisible(text)];
  }
  return runs.flatMap((run, i) => {
    const first = run.new[0] ?? run.old[0];
    const space = i > 0 && first.isSpaced ? [" "] : [];
    const inserted = () => make("ins", { class: "mark" }, joinWords(run.new));
    const deleted = () => make("del", { class: "mark" }, joinWords(run.old));
    switch (run.kind) {
      case "same":
        return [...space, joinWords(run.new)];
      case "insert":
        return [...space, inserted()];
      case "delete":
        return [...space, deleted()];
      default:
        return [...space, make("span", { class: "swap" }, inserted(), deleted())];
    }
  });
}
