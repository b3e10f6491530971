// What all pages share: making elements, showing untrusted text, the theme, copying.
"use strict";

// Makes an element. Children are elements or texts; a text is never markup.
function make(name, attributes = {}, ...children) {
  const isDrawing = ["svg", "g", "rect", "line", "text", "title"].includes(name);
  const element = isDrawing
    ? document.createElementNS("http://www.w3.org/2000/svg", name)
    : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== false) {
      element.setAttribute(key, value === true ? "" : value);
    }
  }
  element.append(...children);
  return element;
}

// Returns a text with visible codes for control characters and marks that override the direction of writing.
function showInvisible(text) {
  return text.replace(
    // eslint-disable-next-line no-control-regex
    /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g,
    (character) => `[U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}]`,
  );
}

const themes = ["auto", "light", "dark"];

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  document.getElementById("theme-name").textContent = theme;
  try {
    localStorage.setItem("t5tune-theme", theme);
  } catch {
    // Browsers may block storage for files; the theme then lasts until the page is closed.
  }
}

function startTheme() {
  let theme = "auto";
  try {
    theme = localStorage.getItem("t5tune-theme") ?? theme;
  } catch {
    // As above.
  }
  setTheme(themes.includes(theme) ? theme : "auto");
  const button = document.getElementById("theme");
  button.hidden = false;
  button.addEventListener("click", () => {
    const now = document.documentElement.dataset.theme;
    setTheme(themes[(themes.indexOf(now) + 1) % themes.length]);
  });
}

async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Without permission, or in an older browser, copy a selection.
    const area = make("textarea", { class: "hidden" });
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}
