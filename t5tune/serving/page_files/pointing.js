// Marks the words that belong to the word under the pointer, the caret or the focus.
"use strict";

const LEAST_WEIGHT = 0.08; // of an alignment; less is noise, as is less than
const LEAST_SHARE = 0.25; // of the largest one
const pointing = { place: null, marked: [] };

function isSamePlace(a, b) {
  return a !== null && b !== null && a.side === b.side && a.panel === b.panel
    && a.index === b.index && a.number === b.number;
}

// Points at a place {side, panel, index, number}: a word of a sentence of the source, or of a panel's
// translation; null for none.
function point(place) {
  if (isSamePlace(place, pointing.place)) {
    return;
  }
  pointing.place = place;
  showPointed();
}

function showPointed() {
  for (const element of pointing.marked) {
    element.classList.remove("is-pointed", "is-linked", "is-strongest");
    element.style.removeProperty("--weight");
  }
  pointing.marked = [];
  const { place } = pointing;
  if (place === null) {
    return;
  }
  const panels = place.side === "source" ? state.panels : [place.panel];
  const own = place.side === "source"
    ? editor.sentences[place.index]?.words[place.number]
    : place.panel.sentences[place.index]?.words[place.number];
  if (own === undefined) {
    return;
  }
  own.element.classList.add("is-pointed");
  pointing.marked.push(own.element);
  for (const panel of panels) {
    const weights = weightsOf(panel, place.index, () => isSamePlace(place, pointing.place) && showPointed());
    if (weights !== null) {
      markLinked(place, panel, weights);
    }
  }
}

function markLinked(place, panel, weights) {
  const isSource = place.side === "source";
  const others = isSource ? panel.sentences[place.index].words : editor.sentences[place.index].words;
  const linked = others.map((_, i) => (isSource ? weights[i][place.number] : weights[place.number][i]) ?? 0);
  const most = Math.max(...linked);
  linked.forEach((weight, i) => {
    if (weight >= Math.max(LEAST_WEIGHT, most * LEAST_SHARE)) {
      const { element } = others[i];
      element.classList.add("is-linked");
      element.classList.toggle("is-strongest", weight === most);
      element.style.setProperty("--weight", (weight / most).toFixed(2));
      pointing.marked.push(element);
    }
  });
  if (!isSource) {
    const strongest = others.filter((_, i) => linked[i] >= LEAST_WEIGHT && linked[i] >= most / 2);
    const word = panel.sentences[place.index].words[place.number].element;
    word.setAttribute("aria-description", `from ${strongest.map((one) => one.text).join(", ")}`);
  }
}

// Returns the weights of a sentence's words over those of its source; null while they are not known, and
// `onLoad` is called when they are.
function weightsOf(panel, index, onLoad) {
  const sentence = panel.sentences[index];
  const source = editor.sentences[index];
  if (!sentence || !source || editor.sentences.length !== panel.sentences.length) {
    return null;
  }
  const known = sentence.alignments.get(sentence.core);
  if (known === undefined) {
    loadAlignment(panel, sentence).then((found) => found && onLoad());
    return null;
  }
  if (known === null || known instanceof Promise) {
    known?.then((found) => found && onLoad());
    return null;
  }
  if (sentence.weights?.core !== sentence.core || sentence.weights.source !== source) {
    const matrix = weighWords(known, source.text, source.words, sentence.core, sentence.words);
    sentence.weights = { core: sentence.core, source, matrix };
  }
  return sentence.weights.matrix;
}

// Asks for the alignment of a sentence once; null if it has none.
function loadAlignment(panel, sentence) {
  const { core } = sentence;
  if (!panel.model.has_alignments) {
    sentence.alignments.set(core, null);
    return Promise.resolve(null);
  }
  const asked = askJson("t5tune/align", {
    ...panel.chosen(), sources: [sentence.source], hypotheses: [core.replace(/\s+/g, " ")],
  }).then((answer) => {
    sentence.alignments.set(core, answer.alignments[0]);
    return answer.alignments[0];
  }, () => {
    sentence.alignments.delete(core); // asked again when it is pointed at again
    return null;
  });
  sentence.alignments.set(core, asked);
  return asked;
}
