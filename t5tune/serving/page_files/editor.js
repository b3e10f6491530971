// The text that is typed. Behind it lies the same text with its words as elements, which can be marked.
"use strict";

const editor = {
  box: document.getElementById("editor"),
  behind: document.getElementById("behind"),
  text: document.getElementById("text"),
  sentences: [], // for each sentence {start, end, words}; null if it is not in the text
};

const LARGE_LETTERS = 280; // characters up to which the letters are large

// Shows the text behind without words, as it is after each key.
function drawPlain() {
  const text = editor.text.value;
  editor.sentences = [];
  // A line break at the end has no height of its own.
  editor.behind.replaceChildren(`${text}\u200b`);
  const isSmall = text.length > LARGE_LETTERS;
  document.getElementById("work").classList.toggle("is-small", isSmall);
  document.getElementById("clear").hidden = text === "";
  document.getElementById("length").textContent =
    text === "" ? "" : `${[...text].length.toLocaleString("en")} characters`;
}

// Shows the words of the sentences that were translated.
function drawSentences(sources) {
  const text = editor.text.value;
  const nodes = [];
  let done = 0;
  editor.sentences = sources.map((source) => {
    const place = findSentence(source, text, done);
    if (place === null) {
      return null;
    }
    nodes.push(text.slice(done, place.start));
    const inside = text.slice(place.start, place.end);
    const words = findWords(inside);
    let end = 0;
    for (const word of words) {
      word.element = make("span", { class: "word" }, word.text);
      nodes.push(inside.slice(end, word.start), word.element);
      end = word.end;
    }
    nodes.push(inside.slice(end));
    done = place.end;
    return { ...place, text: inside, words };
  });
  editor.behind.replaceChildren(...nodes, `${text.slice(done)}\u200b`);
  editor.sentences.forEach((sentence, index) => sentence?.words.forEach((word, number) => {
    placeOfSourceWord.set(word.element, { side: "source", index, number });
  }));
}

const placeOfSourceWord = new WeakMap();

// Returns the place of the word under the pointer, or at a position of the text; null if there is none.
function sourcePlaceAt(x, y) {
  for (const element of document.elementsFromPoint(x, y)) {
    if (placeOfSourceWord.has(element)) {
      return placeOfSourceWord.get(element);
    }
  }
  return null;
}

function sourcePlaceOf(position) {
  for (const [index, sentence] of editor.sentences.entries()) {
    if (sentence !== null && sentence.start <= position && position <= sentence.end) {
      const inside = position - sentence.start;
      const number = sentence.words.findIndex((word) => word.start <= inside && inside <= word.end);
      return number < 0 ? null : { side: "source", index, number };
    }
  }
  return null;
}

function startEditor() {
  const { text } = editor;
  drawPlain();
  text.addEventListener("pointermove", (event) => {
    if (event.pointerType !== "touch") {
      point(sourcePlaceAt(event.clientX, event.clientY));
    }
  });
  text.addEventListener("pointerleave", () => point(null));
  // The caret points as well.
  const follow = () => {
    const place = sourcePlaceOf(text.selectionStart);
    point(place);
    if (place !== null) {
      state.panels.forEach((panel) => showOthersOf(panel, place.index));
    }
  };
  text.addEventListener("click", follow);
  text.addEventListener("keyup", (event) => {
    if (/^(Arrow|Home|End|Page)/.test(event.key)) {
      follow();
    }
  });
  text.addEventListener("blur", () => point(null));
}
