// The choice of languages and models among those that are served.
"use strict";

const DETECT = "auto";
const languageNames = new Map();
const choices = {
  source: document.getElementById("source-language"),
  target: document.getElementById("target-language"),
  swap: document.getElementById("swap"),
  compare: document.getElementById("compare"),
};

// All directions with the model of each: {source, target, model}; "" stands for no language.
function listDirections() {
  return state.models.flatMap((model) => model.directions.map((direction) => {
    const [source, target] = [direction.source, direction.target].map((language) => {
      if (language === null) {
        return "";
      }
      languageNames.set(language.code, language.name);
      return language.code;
    });
    return { source, target, model };
  }));
}

function languageName(code) {
  return languageNames.get(code) ?? code;
}

function unique(values) {
  return [...new Set(values)];
}

function fill(select, values, nameOf, wanted) {
  select.replaceChildren(...values.map((value) => make("option", { value }, nameOf(value))));
  select.value = values.includes(wanted) ? wanted : values[0] ?? "";
  select.disabled = values.length < 2;
}

function fits(direction, source, target) {
  return (source === DETECT || direction.source === source) && direction.target === target;
}

// Returns the models that translate in the chosen direction.
function fittingModels() {
  const { source, target } = choices;
  return unique(state.directions.filter((one) => fits(one, source.value, target.value)).map((one) => one.model));
}

function fillSources(wanted = "") {
  const sources = unique(state.directions.map((one) => one.source));
  // A text without letters of its own says nothing, so that detection is offered, not assumed.
  const all = sources.filter((code) => code !== "").length > 1 ? [...sources, DETECT] : sources;
  fill(choices.source, all, (code) => (code === DETECT ? "Detect language" : languageName(code) || "Any language"), wanted);
}

function fillTargets(wanted = choices.target.value) {
  const source = choices.source.value;
  const targets = unique(state.directions
    .filter((one) => source === DETECT || one.source === source).map((one) => one.target));
  fill(choices.target, targets, (code) => languageName(code) || "Any language", wanted);
  fillModels();
}

// Gives each panel a model of the direction, as far as possible the one that it had.
function fillModels() {
  const models = fittingModels();
  choices.compare.hidden = models.length < 2;
  if (models.length < 2 && state.panels.length > 1) {
    removeSecondPanel();
  }
  state.panels.forEach((panel, i) => {
    panel.model = models.includes(panel.model) ? panel.model : models[i] ?? models[0];
    fill(panel.models, models.map((model) => model.name), (name) => name, panel.model.name);
    panel.models.hidden = models.length < 2;
    panel.name.textContent = models.length < 2 ? panel.model.name : "";
  });
  const { source, target, swap } = choices;
  const hasReverse = (one) => state.directions.some((other) => other.source === one.target && other.target === one.source);
  swap.hidden = !state.directions.some((one) => one.source !== one.target && hasReverse(one));
  swap.disabled = source.value !== DETECT && !hasReverse({ source: source.value, target: target.value });
  nameTexts();
}

const TASKS = {
  translation: ["Translate", "Translation"],
  summarization: ["Summarize", "Summary"],
};

// Names languages and tasks, in headings and for screen readers.
function nameTexts() {
  const [source, target] = [choices.source.value, choices.target.value];
  const [first] = state.panels;
  const detected = source === DETECT && first.source !== DETECT ? first.source : "";
  const [task, output] = TASKS[first.model.task] ?? ["Generate", "Output"];
  document.getElementById("task").textContent = task;
  document.title = `${task} – t5tune`;
  document.getElementById("source-title").textContent = detected === "" ? "Text" : `Text in ${languageName(detected)}`;
  for (const panel of state.panels) {
    panel.title.textContent = output;
    panel.output.lang = target;
    panel.output.setAttribute("aria-label", `${output}, word by word`);
  }
  editor.text.lang = source === DETECT ? detected : source;
  document.documentElement.classList.toggle("has-two", state.panels.length > 1);
}

function addSecondPanel() {
  const [first] = state.panels;
  const models = fittingModels();
  addPanel(models.find((model) => model !== first.model));
}

function removeSecondPanel() {
  const [panel] = state.panels.splice(1);
  panel.stop();
  panel.box.remove();
  choices.compare.setAttribute("aria-pressed", "false");
}

function swapLanguages() {
  const [panel] = state.panels;
  const source = choices.source.value === DETECT ? panel.source : choices.source.value;
  const target = choices.target.value;
  if (!state.directions.some((one) => one.source === target && one.target === source)) {
    return; // what was detected cannot be translated to
  }
  choices.source.value = target;
  fillTargets(source);
  if (panel.translation !== "") {
    editor.text.value = panel.translation;
  }
  announce(`From ${languageName(target)} to ${languageName(source)}.`);
}

function startLanguages(onChange) {
  choices.source.addEventListener("change", () => {
    fillTargets();
    onChange();
  });
  choices.target.addEventListener("change", () => {
    fillModels();
    onChange();
  });
  choices.swap.addEventListener("click", () => {
    swapLanguages();
    onChange();
  });
  choices.compare.addEventListener("click", () => {
    const isWanted = state.panels.length < 2;
    if (isWanted) {
      addSecondPanel();
    } else {
      removeSecondPanel();
    }
    choices.compare.setAttribute("aria-pressed", String(isWanted));
    fillModels();
    onChange();
  });
}
