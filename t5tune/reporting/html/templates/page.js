// What the other scripts of reports share: their data, numbers, copy buttons, the tooltip.
"use strict";

const data = JSON.parse(document.getElementById("data").textContent);

function formatScore(value) {
  return value === null ? "–" : value.toFixed(2);
}

function formatDifference(value) {
  if (value === null) {
    return "–";
  }
  return value < 0 ? `−${(-value).toFixed(2)}` : `+${value.toFixed(2)}`;
}

function startCopying() {
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (button === null) {
      return;
    }
    const label = button.textContent;
    const done = await copyText(button.dataset.copy);
    button.textContent = done ? "Copied" : "Failed";
    setTimeout(() => {
      button.textContent = label === "Copied" || label === "Failed" ? "Copy" : label;
    }, 1500);
  });
}

const tooltip = document.getElementById("tooltip");

function showTooltip(text, x, y) {
  tooltip.textContent = text;
  tooltip.hidden = false;
  const { width, height } = tooltip.getBoundingClientRect();
  const left = Math.max(8, Math.min(x + 14, document.documentElement.clientWidth - width - 8));
  const top = y + height + 22 > window.innerHeight ? y - height - 12 : y + 16;
  tooltip.style.left = `${left}px`;
  tooltip.style.top = `${top}px`;
}

function hideTooltip() {
  tooltip.hidden = true;
}

startTheme();
startCopying();
