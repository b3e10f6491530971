"""Headless Chromium, and what tests of pages ask it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
)

# The contrast of every text on the page, by https://www.w3.org/TR/WCAG22/#contrast-minimum.
FIND_LOW_CONTRAST = r"""
const parse = (color) => {
  const [r, g, b, a = 1] = color.match(/[\d.]+/g).map(Number);
  const scale = color.startsWith("color(srgb") ? 255 : 1;
  return [r * scale, g * scale, b * scale, a];
};
const over = (top, below) => top.slice(0, 3).map((c, i) => c * top[3] + below[i] * (1 - top[3]));
const light = (color) => {
  const [r, g, b] = color.map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const background = (element) => {
  const layers = [];
  for (let at = element; at !== null; at = at.parentElement) {
    layers.push(parse(getComputedStyle(at).backgroundColor));
  }
  return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255]);
};
const found = [];
let looked = 0;
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const element = walker.currentNode.parentElement;
  const style = getComputedStyle(element);
  const hidden = element.closest("script, noscript, option, :disabled, [hidden]") !== null
    || element.getClientRects().length === 0;
  if (hidden || walker.currentNode.data.trim() === "") continue;
  looked += 1;
  const color = parse(element instanceof SVGElement ? style.fill : style.color);
  const below = background(element);
  const [dark, bright] = [light(over(color, below)), light(below)].sort((a, b) => a - b);
  const ratio = (bright + 0.05) / (dark + 0.05);
  const size = parseFloat(style.fontSize);
  const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
  if (ratio < (isLarge ? 3 : 4.5)) {
    const name = `${element.tagName}.${element.getAttribute("class")}`;
    found.push(`${name} ${ratio.toFixed(2)} ${walker.currentNode.data.trim().slice(0, 20)}`);
  }
}
return [looked, found];
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    webdriver = pytest.importorskip("selenium.webdriver", reason="no selenium to drive a browser")
    from selenium.webdriver.chrome.service import Service

    program = shutil.which("chromium") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if program is None or driver is None:
        pytest.skip("no chromium with chromedriver on this machine")
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('browser')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    running = webdriver.Chrome(options=options, service=Service(driver))
    yield running
    running.quit()


def empty_logs(browser: Any) -> None:
    for log in ("browser", "performance"):
        browser.get_log(log)


def emulate(browser: Any, width: int, scheme: str) -> None:
    """Show pages with a width, those below 500 as a phone does, and in light or dark."""
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500},
    )
    preference = {"name": "prefers-color-scheme", "value": scheme}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [preference]})


def list_requests(browser: Any) -> list[str]:
    """Return the addresses that were asked for since the logs were empty."""
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    return [
        message["params"]["request"]["url"]
        for message in messages
        if message["method"] == "Network.requestWillBeSent"
    ]


def run(browser: Any, script: str, *arguments: object) -> Any:
    return browser.execute_script(script, *arguments)


def find(browser: Any, selector: str) -> Any:
    return browser.find_element("css selector", selector)


def wait_for(browser: Any, selector: str, text: str) -> None:
    """Wait until an element has a text; fail after some seconds."""
    from selenium.webdriver.support.wait import WebDriverWait

    def has_text(_: object) -> bool:
        return text in [one.text for one in browser.find_elements("css selector", selector)]

    WebDriverWait(browser, 5, 0.05).until(has_text, f"{selector} is not {text!r}")


def wait_until(browser: Any, script: str, *arguments: object) -> Any:
    """Wait until a script returns something that is true; models may have to be loaded first."""
    from selenium.webdriver.support.wait import WebDriverWait

    def ask(_: object) -> Any:
        return run(browser, f"return {script}", *arguments)

    return WebDriverWait(browser, 60, 0.05).until(ask, f"never: {script}")
