"""Test the page of `t5tune serve` in headless Chromium: with a server, and with answers made up."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.testclient import TestClient

import t5tune as door
from t5tune.serving.api_keys import ApiKeys
from t5tune.serving.application import build_application
from t5tune.serving.served_model import ModelSource
from t5tune.serving.server import open_service
from t5tune.serving.server_metrics import ServerMetrics
from t5tune.serving.server_settings import ServerSettings
from t5tune.serving.service import Service
from tests.browser import (
    FIND_LOW_CONTRAST,
    empty_logs,
    emulate,
    find,
    list_requests,
    run,
    wait_until,
)
from tests.conftest import TrainOnce

TEXT = "one two three. four five\n\ntwo one"
OUTPUT = "document.querySelector('.output').innerText"
# Answers a request as the function `answer` of a test does, or as a server without trouble.
MADE_UP = """
const languages = {en: "English", ar: "Arabic", de: "German"};
const language = (code) => ({code, name: languages[code]});
const model = (name, ...pairs) => ({
  name, task: "translation", engine: "made-up", num_beams: 1,
  has_alignments: true, has_continuations: true,
  directions: pairs.map(([a, b]) => ({source: language(a), target: language(b)})),
});
window.served = {
  models: [model("other", ["en", "de"]), model("both", ["en", "ar"], ["ar", "en"])],
  key_required: false,
  limits: {texts: 1000, characters: 100000, hypotheses: 5, body_bytes: 3000},
};
window.asked = [];
window.answer = () => null;
window.fetch = async (path, options) => {
  const fields = JSON.parse(options.body ?? "null");
  asked.push({path, fields, key: options.headers.Authorization ?? null, signal: options.signal});
  const own = await answer(path, fields, options.signal);
  if (own !== null) return own;
  const reply = (value) => new Response(JSON.stringify(value));
  if (path === "t5tune/models") return reply(served);
  if (path === "t5tune/translate") return reply({translations: [{segments: []}]});
  if (path === "t5tune/align") {
    const [source_tokens, target_tokens] = [fields.sources[0], fields.hypotheses[0]]
      .map((text) => text.split(" "));
    return reply({alignments: [{source_tokens, target_tokens, weights: [[1, 0], [0, 1]]}]});
  }
  const translation = fields.target === "ar" ? "صباح الخير" : fields.text.toUpperCase();
  const source = fields.source === "auto" ? "ar" : fields.source;
  return new Response([
    {model: fields.model, source, target: fields.target, num_sentences: 1},
    {source: fields.text, text: translation, translation}, {done: true},
  ].map((line) => JSON.stringify(line) + "\\n").join(""));
};
"""


@pytest.fixture(scope="module")
def tiny(train_once: TrainOnce) -> Path:
    """Return a finished run of the tiny recipe, with an export."""
    settings = ("training.max_steps=120", "training.eval_steps=60", "training.learning_rate=0.02")
    return train_once(*settings) / "runs" / "tiny"


@pytest.fixture(scope="module")
def service(tiny: Path) -> Service:
    sources = [
        ModelSource("tiny", str(tiny), is_named=True),
        ModelSource("in torch", str(tiny), is_named=True, engine="torch"),
    ]
    return open_service(sources, ServerSettings())


@pytest.fixture(scope="module")
def address(service: Service) -> Iterator[str]:
    """Return the address of a server in a thread of this process."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(build_application(service), log_config=None)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    server.should_exit = True
    thread.join(60)
    assert not thread.is_alive()


def show(browser: Any, address: str, width: int = 1300, scheme: str = "light") -> None:
    browser.get("about:blank")
    empty_logs(browser)
    emulate(browser, width, scheme)
    browser.get(address)
    wait_until(browser, "state.models.length > 0")


@pytest.fixture
def made_up(browser: Any, address: str) -> Iterator[str]:
    """Return the address of a page whose requests are answered within the browser."""
    added = browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": MADE_UP})
    yield address
    browser.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", added)


def write(browser: Any, text: str) -> None:
    """Put a text into the field at once, and let it be translated without a pause."""
    run(
        browser,
        "editor.text.value = arguments[0]; editor.text.dispatchEvent(new Event('input'));"
        "translateNow()",
        text,
    )


def press(browser: Any, *keys: str) -> None:
    from selenium.webdriver.common.action_chains import ActionChains

    ActionChains(browser).send_keys(*keys).perform()


def test_what_is_typed_is_translated_and_every_word_tells_where_it_comes_from(
    browser: Any, address: str, tiny: Path
) -> None:
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    expected = [found.text for found in door.load(tiny).translate(["one two three", "two one"])]
    show(browser, address)
    find(browser, "#text").send_keys("one two three\n\ntwo one")
    wait_until(browser, f"{OUTPUT} === arguments[0]", "\n\n".join(expected))
    # As many words behind the text as the source has, at its letters.
    behind = browser.find_elements("css selector", ".behind .word")
    assert [word.text for word in behind] == ["one", "two", "three", "two", "one"]
    words = browser.find_elements("css selector", ".output .word")
    ActionChains(browser).move_to_element(words[1]).perform()
    wait_until(browser, "document.querySelector('.behind .is-strongest')")
    assert "is-pointed" in words[1].get_attribute("class")
    ActionChains(browser).move_to_element(find(browser, "#length")).perform()
    assert run(browser, "return document.querySelector('.is-linked, .is-pointed')") is None
    # The word of the source under the pointer, through the field above it.
    ActionChains(browser).move_to_element(behind[2]).perform()
    wait_until(browser, "document.querySelector('.output .is-strongest')")
    assert "is-pointed" in behind[2].get_attribute("class")
    # By keyboard: from the field to the first word, and on.
    run(browser, "editor.text.focus()")
    wait_until(browser, "document.querySelectorAll('.choice').length > 1")
    press(browser, Keys.TAB, Keys.TAB)
    while run(browser, "return document.activeElement.className") in ("model", "copy"):
        press(browser, Keys.TAB)
    press(browser, Keys.ARROW_RIGHT)
    assert run(browser, "return document.activeElement === arguments[0]", words[1])
    wait_until(browser, "document.activeElement.getAttribute('aria-description')")
    assert run(browser, "return document.activeElement.ariaDescription").startswith("from ")
    assert browser.get_log("browser") == []
    requests = list_requests(browser)
    assert len(requests) >= 4
    assert [one for one in requests if not one.startswith((address, "data:image/svg+xml"))] == []


def test_other_words_and_other_translations_take_the_place_of_one(
    browser: Any, address: str
) -> None:
    from selenium.webdriver.common.keys import Keys

    show(browser, address)
    write(browser, "one two three")
    wait_until(browser, "document.querySelectorAll('.choice').length > 1")
    before = run(browser, f"return {OUTPUT}")
    find(browser, ".output .word:nth-of-type(2)").click()
    wait_until(browser, "document.activeElement.classList.contains('menu-item')")
    press(browser, Keys.ESCAPE)
    assert run(browser, "return document.querySelector('.menu')") is None
    press(browser, Keys.ENTER)
    wait_until(browser, "document.activeElement.classList.contains('menu-item')")
    items = browser.find_elements("css selector", ".menu-item")
    assert len({item.text.split()[0] for item in items}) == len(items) > 2
    chosen = items[1].text
    press(browser, Keys.ARROW_DOWN, Keys.ENTER)
    after = run(browser, f"return {OUTPUT}")
    assert after == f"{before.split()[0]} {chosen}" != before
    assert find(browser, "#announcer").get_attribute("textContent") == after
    assert run(browser, "return document.activeElement.textContent") == chosen.split()[0]
    # The list still has the first translation, with a score, and takes it back.
    wait_until(browser, "document.querySelectorAll('.choice[aria-pressed=\"true\"]').length === 0")
    choice = next(
        one for one in browser.find_elements("css selector", ".choice") if before in one.text
    )
    run(browser, "arguments[0].click()", choice)
    wait_until(browser, f"{OUTPUT} === arguments[0]", before)
    assert run(browser, "return document.querySelector('[aria-pressed=true] bdi').textContent") == (
        before
    )
    scores = [float(one.text.replace("−", "-")) for one in
              browser.find_elements("css selector", ".choice .score")]  # fmt: skip
    assert scores == sorted(scores, reverse=True)
    run(
        browser,
        "window.copied = null; Object.defineProperty(navigator, 'clipboard',"
        " { value: { writeText: async (text) => { window.copied = text; } } })",
    )
    find(browser, ".output").find_element("xpath", "..").find_element(
        "css selector", ".copy"
    ).click()
    assert wait_until(browser, "window.copied") == before
    # Torch has no continuations; its n-best list takes their place.
    run(browser, "state.panels[0].models.value = 'in torch';"
                 "state.panels[0].models.dispatchEvent(new Event('change'))")  # fmt: skip
    wait_until(browser, "document.querySelector('.pane-foot').parentNode"
                        " && state.panels[0].info.textContent.startsWith('torch')")  # fmt: skip
    find(browser, ".output .word").click()
    wait_until(browser, "document.querySelector('.menu-item, .menu-note')")
    assert browser.get_log("browser") == []


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (390, "dark"), (1300, "dark")])
def test_it_fits_and_can_be_read(browser: Any, address: str, width: int, scheme: str) -> None:
    show(browser, address, width, scheme)
    run(browser, "localStorage.clear()")
    find(browser, "#compare").click()
    write(browser, f"{TEXT} {'x' * 300}")
    wait_until(
        browser, "[...document.querySelectorAll('.others')].every((one) => one.innerText !== '')"
    )
    run(browser, "failWith(new Refusal('No answer.', 0, 30), () => {}); showKeyForm('A key?');")
    find(browser, ".output .word").click()
    wait_until(browser, "document.querySelector('.menu-item')")
    page, window = run(
        browser,
        "const root = document.documentElement; return [root.scrollWidth, root.clientWidth]",
    )
    assert page <= window
    assert window in (width, width - 15)  # with a scroll bar
    color = run(browser, "return getComputedStyle(document.body).backgroundColor")
    assert (int(color.removeprefix("rgb(").split(",")[0]) < 128) == (scheme == "dark")
    run(browser, "editor.behind.textContent = ''")  # transparent
    looked, found = run(browser, FIND_LOW_CONTRAST)
    assert looked > 30
    assert found == []
    find(browser, "#theme").click()
    assert find(browser, "#theme").text == "Theme: light"
    run(browser, "localStorage.clear(); clearTimeout(timers.retrying)")
    assert browser.get_log("browser") == []


def test_the_newest_text_wins(browser: Any, made_up: str) -> None:
    show(browser, made_up)
    # The first request is answered only when the second one has been.
    run(
        browser,
        "window.first = Promise.withResolvers();"
        "answer = async (path, fields) => {"
        "  if (fields?.text === 'old') { await first.promise; } return null; }",
    )
    write(browser, "old")
    wait_until(browser, "asked.some((one) => one.fields?.text === 'old')")
    write(browser, "new")
    wait_until(browser, f"{OUTPUT} === 'NEW'")
    assert run(browser, "return asked.find((one) => one.fields?.text === 'old').signal.aborted")
    run(browser, "first.resolve()")
    wait_until(browser, "asked.some((one) => one.path === 't5tune/align')")
    assert run(browser, f"return {OUTPUT}") == "NEW"
    # Keys in quick succession make one request.
    run(
        browser,
        "asked.length = 0; for (const text of ['a', 'ab', 'abc']) {"
        "  editor.text.value = text; editor.text.dispatchEvent(new Event('input')); }",
    )
    wait_until(browser, f"{OUTPUT} === 'ABC'")
    assert run(browser, "return asked.filter((one) => one.path === 't5tune/stream').length") == 1


def test_what_goes_wrong_is_said_and_tried_again(browser: Any, made_up: str) -> None:
    trouble = "document.getElementById('trouble').innerText"
    show(browser, made_up)
    run(
        browser,
        "window.answers = [new Response('{}', {status: 429, headers: {'Retry-After': '7'}}),"
        " new TypeError('Failed to fetch')];"
        "answer = async (path) => {"
        "  const next = path === 't5tune/stream' ? answers.shift() ?? null : null;"
        "  if (next instanceof Error) { throw next; } return next; }",
    )
    write(browser, "text")
    wait_until(browser, f"{trouble}.includes('tries again in 7 s')")
    find(browser, "#trouble button").click()
    wait_until(browser, f"{trouble}.includes('does not answer')")
    assert run(browser, "return timers.retrying") > 0
    find(browser, "#trouble button").click()
    wait_until(browser, f"{OUTPUT} === 'TEXT' && {trouble} === ''")
    write(browser, "x" * 4000)  # is not sent
    wait_until(
        browser, f"{trouble}.includes('longer than the server takes at once. It takes 3,000')"
    )
    run(
        browser,
        'answer = async () => new Response(\'{"error": "No <b>model</b>"}\', {status: 400})',
    )
    write(browser, "y")
    wait_until(browser, f"{trouble} === 'The server says: No <b>model</b>.'")
    assert browser.get_log("browser") == []


def test_a_key_is_asked_for_only_if_the_server_does(browser: Any, made_up: str) -> None:
    show(browser, made_up)
    assert not find(browser, "#key").is_displayed()
    run(
        browser,
        "served.key_required = true; answer = async (path, fields) => "
        "(path === 't5tune/stream' && asked.at(-1).key !== 'Bearer right'"
        " ? new Response('{}', {status: 403}) : null);"
        "state.panels.forEach((panel) => panel.box.remove()); state.panels = []; loadModels()",
    )
    wait_until(browser, "document.activeElement.id === 'key'")
    write(browser, "text")
    assert run(browser, "return asked.some((one) => one.path === 't5tune/stream')") is False
    find(browser, "#key").send_keys("wrong\n")
    wait_until(
        browser, "document.querySelector('#key-form label').textContent.includes('not know')"
    )
    run(browser, "document.getElementById('key').value = ''")
    find(browser, "#key").send_keys("right\n")
    wait_until(browser, f"{OUTPUT} === 'TEXT'")
    assert not find(browser, "#key").is_displayed()
    run(browser, "sessionStorage.clear()")


def test_languages_are_chosen_swapped_and_written_in_their_direction(
    browser: Any, made_up: str
) -> None:
    from selenium.webdriver.common.keys import Keys

    show(browser, made_up)
    options = "[...document.querySelectorAll(arguments[0])].map((one) => one.textContent)"
    assert run(browser, f"return {options}", "#source-language option") == [
        "English", "Arabic", "Detect language",
    ]  # fmt: skip
    assert run(browser, f"return {options}", "#target-language option") == ["German", "Arabic"]
    assert not find(browser, "#swap").is_enabled()
    run(
        browser,
        "choices.target.value = 'ar'; choices.target.dispatchEvent(new Event('change'))",
    )
    write(browser, "good morning")
    wait_until(browser, f"{OUTPUT} === 'صباح الخير'")
    output = find(browser, ".output")
    assert output.get_attribute("lang") == "ar"
    first, second = output.find_elements("css selector", ".word")
    assert first.location["x"] > second.location["x"]
    run(browser, "arguments[0].focus()", first)
    wait_until(browser, "document.querySelector('.behind .is-strongest')?.textContent === 'good'")
    press(browser, Keys.ARROW_LEFT)
    assert run(browser, "return document.activeElement.textContent") == "الخير"
    find(browser, "#swap").click()
    assert find(browser, "#text").get_attribute("value") == "صباح الخير"
    assert find(browser, "#source-language").get_attribute("value") == "ar"
    assert find(browser, "#target-language").get_attribute("value") == "en"
    wait_until(browser, "asked.at(-1).fields?.source === 'ar'")
    run(
        browser,
        "choices.source.value = 'auto'; choices.source.dispatchEvent(new Event('change'));",
    )
    wait_until(browser, "document.getElementById('source-title').textContent === 'Text in Arabic'")
    assert not find(browser, "#compare").is_displayed()


def test_words_are_found_however_lines_break_and_tokens_are_cut(browser: Any, made_up: str) -> None:
    show(browser, made_up)
    quoted = "> a long\n> sentence. Next"
    place = run(browser, "return findSentence('a long sentence.', arguments[0], 0)", quoted)
    assert quoted[place["start"] : place["end"]] == "a long\n> sentence."
    parts = run(browser, "return splitAround('a.\\n\\nx\\ny a.  ', 'x y a.')")
    assert parts == {"before": "a.\n\n", "core": "x\ny a.", "after": "  "}
    for text in ("Ein  Mann, der.", "这是一个句子。", "a", ""):
        words = run(browser, "return findWords(arguments[0])", text)
        assert [text[word["start"] : word["end"]] for word in words] == [w["text"] for w in words]
        assert "".join(word["text"] for word in words) == "".join(text.split())
    assert len(run(browser, "return findWords('这是一个句子。')")) > 2
    # Tokens that are parts of words, and one that is not in the text.
    weights = run(
        browser,
        "return weighWords({source_tokens: ['a', 'b', '<unk>', 'c'], target_tokens: ['x', 'y'],"
        " weights: [[0.5, 0.3, 0.1, 0.1], [0.1, 0.1, 0.2, 0.6]]},"
        " 'ab c', findWords('ab c'), 'xy', findWords('xy'))",
    )
    assert weights == [pytest.approx([0.5, 0.35])]


def test_a_server_may_have_no_page(service: Service) -> None:
    client = TestClient(build_application(service))
    answer = client.get("/")
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "connect-src 'self'" in policy
    assert "unsafe" not in policy
    assert "http" not in answer.text.replace("http://www.w3.org/2000/svg", "")
    settings = replace(service.settings, has_page=False)
    other = Service(service.models, settings, ApiKeys([]), ServerMetrics())
    assert TestClient(build_application(other)).get("/").status_code == 404
    assert json.loads(TestClient(build_application(other)).get("/").text)["error"]
