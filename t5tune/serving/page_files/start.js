// Starts the page: what is typed is translated, and what goes wrong is said and tried again.
"use strict";

const state = { models: [], directions: [], panels: [], limits: { hypotheses: 1 }, needsKey: false };
const timers = { typing: 0, settling: 0, retrying: 0 };
const SETTLED = 500; // milliseconds without typing after which more is asked about a translation
const LONGEST_ANNOUNCEMENT = 1000; // characters

function announce(text) {
  document.getElementById("announcer").textContent = text;
}

// Returns the milliseconds to wait after a key: every one translates the whole text anew.
function typingPause(text) {
  return Math.min(200 + text.length / 20, 1500);
}

function translateSoon() {
  clearTimeout(timers.typing);
  clearTimeout(timers.settling);
  clearTimeout(timers.retrying);
  closeAlternatives({ isFocusKept: true });
  point(null);
  drawPlain();
  const text = editor.text.value;
  if (text.trim() === "") {
    state.panels.forEach((panel) => panel.clear());
    sayTrouble(null);
    return;
  }
  timers.typing = setTimeout(translateNow, typingPause(text));
}

async function translateNow() {
  clearTimeout(timers.typing);
  clearTimeout(timers.retrying);
  const text = editor.text.value;
  if (text.trim() === "" || (state.needsKey && connection.key === "")) {
    return;
  }
  const [source, target] = [choices.source.value, choices.target.value];
  let done = [];
  try {
    done = await Promise.all(state.panels.map((panel) => panel.translate(text, source, target)));
  } catch (error) {
    state.panels.forEach((panel) => panel.stop());
    failWith(error, translateNow);
    return;
  }
  if (!done.every(Boolean)) {
    return; // a newer text is on its way
  }
  sayTrouble(null);
  drawSentences(state.panels[0].sentences.map((sentence) => sentence.source));
  nameTexts();
  markDifferingWords();
  clearTimeout(timers.settling);
  timers.settling = setTimeout(settle, SETTLED);
}

// Asks for what is wanted of a translation that stays: its other hypotheses and its alignment.
function settle() {
  const [panel] = state.panels;
  const { translation } = panel;
  const here = document.activeElement === editor.text ? sourcePlaceOf(editor.text.selectionStart) : null;
  announce(translation.length > LONGEST_ANNOUNCEMENT
    ? `${panel.sentences.length} sentences are translated.` : translation);
  for (const each of state.panels) {
    each.current = here?.index ?? each.current;
    listOthers(each);
    weightsOf(each, each.current, () => {});
  }
}

let waitSeconds = 0; // before the next try, while tries fail

function failWith(error, again) {
  if (!(error instanceof Refusal)) {
    sayTrouble(`The page cannot go on: ${error.message}. Load it again.`);
    throw error;
  }
  if (error.status === 403) {
    showKeyForm(error.message);
    sayTrouble(null);
    return;
  }
  sayTrouble(error.message, error.waitSeconds === null ? null : again);
  if (error.waitSeconds !== null) {
    waitSeconds = Math.min(Math.max(error.waitSeconds, waitSeconds * 1.5), LONGEST_WAIT);
    clearTimeout(timers.retrying);
    timers.retrying = setTimeout(again, waitSeconds * 1000);
  }
}

// Says what is wrong, with a button to try again at once; null if nothing is.
function sayTrouble(text, again = null) {
  const place = document.getElementById("trouble");
  if (text === null) {
    waitSeconds = 0;
    place.replaceChildren();
    return;
  }
  if (place.firstChild?.firstChild?.textContent === text) {
    return; // and is not read out again
  }
  const parts = [make("span", {}, text)];
  if (again !== null) {
    const button = make("button", { type: "button", class: "button" }, "Try now");
    button.addEventListener("click", () => again());
    parts.push(button);
  }
  place.replaceChildren(make("div", { class: "trouble" }, ...parts));
}

function showKeyForm(message = "This server asks for an API key.") {
  const form = document.getElementById("key-form");
  form.hidden = false;
  form.querySelector("label").textContent = message;
  form.querySelector("input").focus();
}

function startKeyForm() {
  readStoredKey();
  const form = document.getElementById("key-form");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const key = form.querySelector("input").value.trim();
    if (key !== "") {
      storeKey(key);
      form.hidden = true;
      editor.text.focus();
      translateNow();
    }
  });
}

function addPanel(model) {
  const panel = new Panel();
  panel.model = model;
  panel.models.addEventListener("change", () => {
    panel.model = state.models.find((one) => one.name === panel.models.value);
    translateNow();
  });
  state.panels.push(panel);
  document.getElementById("work").append(panel.box);
}

async function loadModels() {
  let served = null;
  try {
    served = await askJson("t5tune/models");
  } catch (error) {
    failWith(error, loadModels);
    return;
  }
  sayTrouble(null);
  state.models = served.models;
  state.limits = served.limits;
  state.needsKey = served.key_required;
  connection.mostBytes = served.limits.body_bytes;
  state.directions = listDirections();
  addPanel(state.models[0]);
  fillSources();
  fillTargets();
  const hasLanguages = state.directions.some((one) => one.source !== "" || one.target !== "");
  document.getElementById("languages").hidden = !hasLanguages;
  document.getElementById("bar").hidden = !hasLanguages && choices.compare.hidden;
  if (state.needsKey && connection.key === "") {
    showKeyForm();
  }
  translateNow();
}

startTheme();
startKeyForm();
startEditor();
startAlternatives();
startLanguages(() => {
  drawPlain();
  translateNow();
});
editor.text.addEventListener("input", translateSoon);
document.getElementById("clear").addEventListener("click", () => {
  editor.text.value = "";
  translateSoon();
  editor.text.focus();
});
loadModels();
