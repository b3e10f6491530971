// A translation of the text by one model, sentence by sentence and word by word.
"use strict";

const PATIENCE = 300; // milliseconds after which sentences are shown before all are done
const HINT = "The translation appears here while you type.";

class Panel {
  constructor() {
    this.model = null;
    this.sentences = [];
    this.current = 0; // number of the sentence whose other translations are listed
    this.controller = null;
    this.source = "";
    this.target = "";
    const id = `translation-${Panel.made += 1}`;
    this.title = make("h2", { id }, "Translation");
    this.models = make("select", { class: "model", "aria-label": "Model" });
    this.name = make("span", { class: "model-name" });
    this.copy = make("button", { type: "button", class: "copy", hidden: true }, "Copy");
    this.output = make("div", { class: "output", dir: "auto", role: "group" });
    this.info = make("span");
    this.others = make("div", { class: "others", hidden: true });
    this.box = make("section", { class: "pane", "aria-labelledby": id },
      make("div", { class: "pane-head" }, this.title, this.name, this.models, this.copy),
      this.output,
      make("div", { class: "pane-foot" }, this.info),
      this.others,
    );
    this.copy.addEventListener("click", () => this.copyAll());
    startWords(this);
    this.clear();
  }

  static made = 0;

  // What says which model is asked, in which direction.
  chosen() {
    const languages = { source: this.source, target: this.target };
    const known = Object.entries(languages).filter(([, code]) => code !== "");
    return { model: this.model.name, ...Object.fromEntries(known) };
  }

  get translation() {
    return this.pieces.map((piece) => piece.before + piece.core + piece.after).join("");
  }

  stop() {
    this.controller?.abort();
    this.controller = null;
    this.box.setAttribute("aria-busy", "false");
  }

  clear(hint = HINT) {
    this.stop();
    this.pieces = [];
    this.sentences = [];
    this.output.replaceChildren(make("p", { class: "hint" }, hint));
    this.info.textContent = "";
    this.copy.hidden = true;
    this.others.hidden = true;
  }

  // Translates a text; the newest text wins. Returns whether it was translated to its end.
  async translate(text, source, target) {
    this.stop();
    const controller = new AbortController();
    this.controller = controller;
    this.box.setAttribute("aria-busy", "true");
    [this.source, this.target] = [source, target];
    const start = performance.now();
    const draft = { pieces: [], sentences: [], numDrawn: 0, numSentences: 0 };
    try {
      const lines = askLines("t5tune/stream", { ...this.chosen(), text }, controller.signal);
      for await (const line of lines) {
        if (controller.signal.aborted) {
          return false; // lines that had arrived before
        }
        if ("num_sentences" in line) {
          draft.numSentences = line.num_sentences;
          this.source = line.source ?? "";
        } else if ("text" in line) {
          addPiece(draft, line);
        }
        if (performance.now() - start > PATIENCE) {
          this.draw(draft);
          this.info.textContent = `${draft.sentences.length} of ${draft.numSentences} sentences`;
        }
      }
    } catch (error) {
      if (controller.signal.aborted) {
        return false;
      }
      this.stop();
      throw error;
    }
    if (controller.signal.aborted) {
      return false;
    }
    this.draw(draft);
    this.stop();
    this.copy.hidden = false;
    this.current = 0;
    this.info.textContent = `${this.model.engine} · ${Math.max(1, Math.round(performance.now() - start))} ms`;
    return true;
  }

  // Shows what was translated since the last time; the first time it replaces the old translation.
  draw(draft) {
    if (this.pieces !== draft.pieces) {
      this.pieces = draft.pieces;
      this.sentences = draft.sentences;
      this.output.replaceChildren();
      this.others.hidden = true;
    }
    for (const piece of draft.pieces.slice(draft.numDrawn)) {
      if (piece.source !== "") {
        piece.element = make("span", { class: "sentence" });
        drawWords(this, piece);
      }
      this.output.append(piece.before, piece.element ?? "", piece.after);
    }
    draft.numDrawn = draft.pieces.length;
    const [first] = this.output.getElementsByClassName("word");
    if (first && this.output.querySelector(".word[tabindex='0']") === null) {
      first.tabIndex = 0;
    }
  }

  // Puts another translation in the place of a sentence's.
  choose(sentence, text) {
    sentence.core = text;
    drawWords(this, sentence);
    point(null);
    listOthers(this);
    markDifferingWords();
    announce(text);
  }

  async copyAll() {
    const done = await copyText(this.translation);
    this.copy.textContent = done ? "Copied" : "Failed";
    announce(done ? "The translation is copied." : "Copying failed.");
    setTimeout(() => {
      this.copy.textContent = "Copy";
    }, 1500);
  }
}

function addPiece(draft, { source, text, translation }) {
  const piece = { source, ...splitAround(text, translation), words: [], alignments: new Map(), nBest: null };
  piece.first = piece.core;
  draft.pieces.push(piece);
  if (source !== "") {
    draft.sentences.push(piece);
  }
}

const placeOfWord = new WeakMap();

// Points at the word whose menu is open, or that has the focus.
function pointAtFocus() {
  point(placeOfWord.get(menu.word ?? document.activeElement) ?? null);
}

function drawWords(panel, sentence) {
  const { core } = sentence;
  const index = panel.sentences.indexOf(sentence);
  const nodes = [];
  let end = 0;
  sentence.words = findWords(core);
  sentence.words.forEach((word, number) => {
    word.element = make("span", { class: "word", role: "button", tabindex: -1, "aria-haspopup": "menu" }, word.text);
    placeOfWord.set(word.element, { side: "target", panel, index, number });
    nodes.push(core.slice(end, word.start), word.element);
    end = word.end;
  });
  sentence.element.replaceChildren(...nodes, core.slice(end));
}

// Lets pointer and keys lead from word to word of a panel's translation.
function startWords(panel) {
  const { output } = panel;
  const wordAt = (event) => event.target.closest?.(".word") ?? null;
  output.addEventListener("pointerover", (event) => {
    const word = wordAt(event);
    point(word === null ? null : placeOfWord.get(word));
  });
  output.addEventListener("pointerleave", pointAtFocus);
  output.addEventListener("focusin", (event) => {
    const word = wordAt(event);
    if (word === null) {
      return;
    }
    output.querySelector(".word[tabindex='0']")?.setAttribute("tabindex", -1);
    word.tabIndex = 0;
    const place = placeOfWord.get(word);
    point(place);
    showOthersOf(panel, place.index);
  });
  output.addEventListener("focusout", pointAtFocus);
  output.addEventListener("click", (event) => {
    const word = wordAt(event);
    if (word !== null && document.getSelection().isCollapsed) {
      word.focus();
      openAlternatives(placeOfWord.get(word));
    }
  });
  output.addEventListener("keydown", (event) => {
    const word = wordAt(event);
    if (word === null || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      openAlternatives(placeOfWord.get(word));
      return;
    }
    const next = wordReachedBy(event.key, panel, word);
    if (next !== undefined) {
      event.preventDefault();
      next?.focus();
    }
  });
}

// Returns the word that a key leads to; undefined if it leads nowhere.
function wordReachedBy(key, panel, word) {
  const { index, number } = placeOfWord.get(word);
  const words = [...panel.output.getElementsByClassName("word")];
  const here = words.indexOf(word);
  const isRightToLeft = getComputedStyle(word).direction === "rtl";
  const firstOf = (i) => panel.sentences[i]?.words[0]?.element;
  switch (key) {
    case "ArrowRight": return words[here + (isRightToLeft ? -1 : 1)] ?? word;
    case "ArrowLeft": return words[here + (isRightToLeft ? 1 : -1)] ?? word;
    case "ArrowDown": return firstOf(index + 1) ?? words.at(-1);
    case "ArrowUp": return (number === 0 ? firstOf(index - 1) : firstOf(index)) ?? words[0];
    case "Home": return words[0];
    case "End": return words.at(-1);
    default: return undefined;
  }
}
