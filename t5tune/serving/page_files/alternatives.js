// A menu of other words in the place of one, each with how the sentence then goes on.
"use strict";

const NUM_ALTERNATIVES = 7;
const menu = { box: null, word: null };

// Returns hypotheses that begin like the sentence up to a word: continuations, or of engines that have
// none those in the n-best list.
async function findAlternatives(panel, sentence, prefix) {
  if (!panel.model.has_continuations) {
    return (await loadNBest(panel, sentence)).filter((one) => one.text.startsWith(prefix));
  }
  const answer = await askJson("t5tune/continue", {
    ...panel.chosen(), text: sentence.source, prefix, num_hypotheses: NUM_ALTERNATIVES,
  });
  return answer.hypotheses;
}

async function openAlternatives({ panel, index, number }) {
  closeAlternatives();
  const sentence = panel.sentences[index];
  const word = sentence.words[number];
  const prefix = sentence.core.slice(0, word.start).replace(/\s+/g, " ").trim();
  const box = make("div", { class: "menu", role: "menu", "aria-label": `Instead of ${word.text}`, tabindex: -1 },
    make("p", { class: "menu-note", role: "presentation" }, "Looking for other words …"));
  menu.box = box;
  menu.word = word.element;
  word.element.setAttribute("aria-expanded", "true");
  box.addEventListener("keydown", leadThroughMenu);
  document.body.append(box);
  placeMenu();
  let note = "The model knows no other word here.";
  let found = [];
  try {
    found = await findAlternatives(panel, sentence, prefix);
  } catch (error) {
    note = error instanceof Refusal ? error.message : String(error);
  }
  if (menu.box !== box) {
    return; // closed meanwhile
  }
  const now = sentence.core.replace(/\s+/g, " ");
  const items = listNextWords(found, prefix, now.slice(prefix.length)).map(({ hypothesis, next, rest, isNow }) => {
    const item = make("button", { type: "button", class: "menu-item", role: "menuitemradio", "aria-checked": String(isNow), tabindex: -1 },
      make("bdi", { class: "next", lang: panel.target }, next), " ", make("bdi", { class: "rest", lang: panel.target }, rest));
    item.addEventListener("click", () => {
      closeAlternatives();
      panel.choose(sentence, hypothesis.text);
      (sentence.words[number] ?? sentence.words.at(-1))?.element.focus();
    });
    return item;
  });
  const hasOthers = items.some((item) => item.ariaChecked !== "true");
  box.replaceChildren(...(hasOthers ? items : [make("p", { class: "menu-note", role: "presentation" }, note)]));
  if (!hasOthers) {
    announce(note);
  }
  placeMenu();
  (hasOthers ? items[0] : box).focus();
}

// Returns for each hypothesis the word that follows the prefix and the rest, each word once.
function listNextWords(hypotheses, prefix, now) {
  const seen = new Set();
  const [current] = findWords(now);
  const listed = [];
  for (const hypothesis of hypotheses) {
    const end = hypothesis.text.startsWith(prefix) ? hypothesis.text.slice(prefix.length) : hypothesis.text;
    const [first] = findWords(end);
    if (first !== undefined && !seen.has(first.text)) {
      seen.add(first.text);
      listed.push({ hypothesis, next: first.text, rest: end.slice(first.end).trim(), isNow: first.text === current?.text });
    }
  }
  return listed;
}

function placeMenu() {
  const word = menu.word.getBoundingClientRect();
  const { width, height } = menu.box.getBoundingClientRect();
  const room = document.documentElement.clientWidth - width - 8;
  const isBelow = word.bottom + height + 12 < window.innerHeight || word.top < height + 12;
  menu.box.style.left = `${Math.max(8, Math.min(word.left - 12, room)) + window.scrollX}px`;
  menu.box.style.top = `${(isBelow ? word.bottom + 6 : word.top - height - 6) + window.scrollY}px`;
}

function closeAlternatives({ isFocusKept = false } = {}) {
  const { box, word } = menu;
  menu.box = null;
  menu.word = null;
  word?.removeAttribute("aria-expanded");
  if (box?.contains(document.activeElement) && !isFocusKept) {
    word.focus();
  }
  box?.remove();
  if (word !== null) {
    pointAtFocus();
  }
}

function leadThroughMenu(event) {
  const items = [...menu.box.querySelectorAll(".menu-item")];
  const here = items.indexOf(document.activeElement);
  const steps = {
    ArrowDown: (here + 1) % items.length, ArrowUp: (here - 1 + items.length) % items.length,
    Home: 0, End: items.length - 1,
  };
  if (event.key === "Escape") {
    closeAlternatives();
  } else if (event.key === "Tab") {
    closeAlternatives();
    return; // and on from the word
  } else if (event.key in steps && items.length > 0) {
    items[steps[event.key]].focus();
  } else {
    return;
  }
  event.preventDefault();
}

function startAlternatives() {
  document.addEventListener("pointerdown", (event) => {
    if (menu.box !== null && !menu.box.contains(event.target)) {
      closeAlternatives({ isFocusKept: true });
    }
  });
  window.addEventListener("resize", () => menu.box !== null && placeMenu());
}
