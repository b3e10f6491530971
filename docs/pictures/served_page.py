"""Take a picture of the page of `t5tune serve`, with a word's alignment and the words in its place.

.venv/bin/python docs/pictures/served_page.py http://127.0.0.1:5000/ OUT.png TEXT WORD
"""

from __future__ import annotations

import shutil
import sys
import tempfile

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.wait import WebDriverWait

WIDTH, HEIGHT = 1300, 670


def take(address: str, path: str, text: str, word: str) -> None:
    """Translate the text, open the menu of a word of its translation, and save what is seen."""
    options = webdriver.ChromeOptions()
    for flag in ("headless", "no-sandbox", "disable-gpu", "hide-scrollbars"):
        options.add_argument(f"--{flag}")
    options.add_argument(f"--user-data-dir={tempfile.mkdtemp()}")
    options.binary_location = shutil.which("chromium") or ""
    browser = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    try:
        browser.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": WIDTH, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": False},
        )
        browser.get(address)
        wait = WebDriverWait(browser, 120)
        wait.until(lambda _: browser.execute_script("return state.models.length"))
        browser.find_element("id", "text").send_keys(text)
        wait.until(lambda _: browser.find_elements("css selector", ".choice"))
        words = browser.find_elements("css selector", ".output .word")
        next(one for one in words if one.text == word).click()
        for selector in (".menu-item", ".behind .is-strongest"):
            wait.until(lambda _, wanted=selector: browser.find_elements("css selector", wanted))
        browser.save_screenshot(path)
    finally:
        browser.quit()


if __name__ == "__main__":
    take(*sys.argv[1:])
