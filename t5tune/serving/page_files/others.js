// Other translations of a sentence, with their scores.
"use strict";

const NUM_OTHERS = 5;

function scoreText(score) {
  return score === null ? "–" : score.toFixed(2).replace("-", "−");
}

// Asks for the n-best list of a sentence, once.
function loadNBest(panel, sentence) {
  sentence.nBest ??= askJson("t5tune/translate", {
    ...panel.chosen(), texts: [sentence.source], split: false,
    num_hypotheses: Math.min(NUM_OTHERS, state.limits.hypotheses),
  }).then((answer) => {
    const found = answer.translations[0].segments.flatMap((segment) => segment.hypotheses);
    // The translation that was shown first stays in reach: wider searches may not find it.
    return found.some((one) => one.text === sentence.first)
      ? found : [{ text: sentence.first, score: null }, ...found];
  }, () => {
    sentence.nBest = null;
    return [];
  });
  return sentence.nBest;
}

function showOthersOf(panel, index) {
  if (panel.current !== index) {
    panel.current = index;
    listOthers(panel);
  }
}

// Lists the other translations of the panel's current sentence.
async function listOthers(panel) {
  const sentence = panel.sentences[panel.current];
  if (sentence === undefined || state.limits.hypotheses < 2) {
    panel.others.hidden = true;
    return;
  }
  const found = await loadNBest(panel, sentence);
  if (sentence !== panel.sentences[panel.current]) {
    return; // another one was chosen meanwhile
  }
  panel.others.hidden = found.length < 2;
  const best = Math.max(...found.map((one) => one.score ?? -Infinity));
  const isFocused = panel.others.contains(document.activeElement);
  const now = sentence.core.replace(/\s+/g, " ");
  const choices = found.map((one) => {
    const button = make("button", {
      type: "button", class: "choice", "aria-pressed": String(one.text === now),
    }, make("bdi", { lang: panel.target }, one.text), make("span", { class: "score" }, scoreText(one.score)));
    button.style.setProperty("--likely", one.score === null ? 0 : Math.exp(one.score - best).toFixed(3));
    button.addEventListener("click", () => panel.choose(sentence, one.text));
    return make("li", {}, button);
  });
  panel.others.replaceChildren(
    make("div", { class: "others-head" },
      make("h3", {}, panel.sentences.length > 1 ? `Sentence ${panel.current + 1} of ${panel.sentences.length}` : "Translations"),
      ...(panel.sentences.length > 1 ? [stepButton(panel, -1), stepButton(panel, 1)] : []),
      make("span", { class: "score-title", title: "Log-probability, as the search ranks translations; nearer to 0 is likelier." }, "log-probability"),
    ),
    make("ol", {}, ...choices),
  );
  if (isFocused) {
    panel.others.querySelector("[aria-pressed='true']")?.focus();
  }
}

function stepButton(panel, step) {
  const next = panel.current + step;
  const button = make("button", {
    type: "button", class: "copy step", disabled: panel.sentences[next] === undefined,
    "aria-label": step < 0 ? "Previous sentence" : "Next sentence",
  }, step < 0 ? "‹" : "›");
  button.addEventListener("click", () => showOthersOf(panel, next));
  return button;
}

// Marks the words in which two translations side by side differ.
function markDifferingWords() {
  const [first, second] = state.panels;
  for (const panel of state.panels) {
    panel.output.querySelectorAll(".differs").forEach((word) => word.classList.remove("differs"));
  }
  if (second === undefined) {
    return;
  }
  first.sentences.forEach((sentence, i) => {
    const other = second.sentences[i];
    const runs = other?.source === sentence.source
      ? compareWords(sentence.words, other.words, MOST_PAIRS_IN_ROW) ?? [] : [];
    for (const run of runs.filter((one) => one.kind !== "same")) {
      [...run.old, ...run.new].forEach((word) => word.element.classList.add("differs"));
    }
  });
}
