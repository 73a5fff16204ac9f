"""The scratchpad with models of every kind of symbol and core: what is written, the caret anywhere, alternatives."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import riverrun
import tiny
from person import Person
from riverrun.page.serving import PageServer

SHAPES = {
    "words": {"text__unit": "word", "text__min_count": 1},
    "subwords": {"text__unit": "bpe", "text__max_vocabulary": 300},
    "bytes": {"text__unit": "byte", "model__core": "gru", "model__layers": 2},
    "conv": {"model__core": "conv", "model__layers": 2, "text__lower": True},
}
PROMPT = "The spirit of an age runs where "


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("models")
    corpus = folder / "corpus.txt"
    corpus.write_text(tiny.text().replace("ours", "ourś").replace("the", "The"), encoding="utf-8")
    for name, shape in SHAPES.items():
        tiny.train(corpus, folder / name, budget__steps=30, training__learning_rate=0.02, **shape)
    return {name: folder / name for name in SHAPES}


@pytest.fixture(scope="module")
def shelf(models: dict[str, Path]) -> Iterator[PageServer]:
    server = PageServer(list(models.values()), 0)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def written(model: riverrun.TrainedLanguageModel, prompt: str, seed: int, **sampling: float) -> str:
    """What the command line writes, as a text area shows line ends."""
    return model.generate(prompt, 100, seed=seed, **sampling).replace("\r", "\n")


@pytest.mark.parametrize("name", SHAPES)
def test_it_is_written_edited_and_branched(
    browser: Person, shelf: PageServer, models: dict[str, Path], name: str
):
    browser.visit(f"{shelf.url}?model={name}")
    model = riverrun.load(models[name])
    assert isinstance(model, riverrun.TrainedLanguageModel)
    browser.run("document.getElementById('length').value = '100'")
    browser.type(PROMPT)
    browser.settled()
    assert f"{model.score(PROMPT).bits_per_character:.2f} bits per character" in browser.see("sums").text
    browser.write()
    seed = int(browser.see("seed").get_property("value"))
    assert browser.text == PROMPT + written(model, PROMPT, seed)

    browser.mark(7)  # within a word
    browser.settled()
    browser.write()
    seed = int(browser.see("seed").get_property("value"))
    assert browser.text == "The spi" + written(model, "The spi", seed)

    browser.mark(7)
    browser.settled()
    place, symbol = next(
        (k, each) for k, (each, _) in enumerate(browser.bars) if len(each) == 1 and each.isalpha()
    )
    browser.all(".chance")[place].click()
    browser.until(lambda: browser.text == f"The spi{symbol}", "the symbol is taken")
    browser.press(browser.keys.CONTROL, "z")
    browser.until(lambda: len(browser.text) > 50, "it is taken back")
    browser.click("tab-units")
    browser.click("unit-colour")
    browser.until(lambda: browser.all("#mirror b"), "the text is coloured by a unit")
    assert browser.faults(shelf.url) == []


@pytest.mark.parametrize("name", ["words", "subwords"])
def test_a_prompt_that_ends_inside_a_symbol_is_gone_on_with(
    browser: Person, shelf: PageServer, models: dict[str, Path], name: str
):
    """At the end, in the middle, at four temperatures, re-drawn while a slider moves; and again after that."""
    browser.visit(f"{shelf.url}?model={name}")
    model = riverrun.load(models[name])
    assert isinstance(model, riverrun.TrainedLanguageModel)
    browser.run("document.getElementById('length').value = '100'")
    browser.run("document.getElementById('reseed').checked = false")
    browser.type("a river that ru")
    for seed in (1, 2, 3):
        browser.see("seed").clear()
        browser.type(str(seed), into="seed")
        browser.mark(15)
        browser.write()
        assert browser.text == "a river that ru" + written(model, "a river that ru", seed)
    assert browser.see("sums").text.startswith(f"{len(browser.text)} characters, ")
    browser.run(
        "document.execCommand = undefined; navigator.clipboard.writeText = async (text) => { window.copied = text; }"
    )
    browser.click("command")
    line = browser.until(lambda: browser.run("return window.copied"), "the command is copied")
    assert line == f"riverrun generate {name} 'a river that ru' --length 100 --seed 3"

    browser.mark(15)
    browser.settled()
    browser.click("redraw")
    before = browser.text
    browser.slide("slider-temperature", 20)
    browser.until(lambda: browser.text != before, "it is drawn anew")
    browser.settled()
    temperature = float(browser.see("slider-temperature").get_attribute("aria-valuetext"))
    assert browser.text[15:].startswith(written(model, "a river that ru", 3, temperature=temperature)[:40])

    browser.click("redraw")
    browser.click("tab-heats")
    browser.click("heat-write")
    browser.until(lambda: len(browser.all("#heat-columns button:enabled")) == 4, "all four are written")
    for column, each in zip(browser.all("#heat-columns .words"), (0.2, 0.5, 1.0, 1.2), strict=True):
        wanted = model.generate("a river that ru", 240, seed=3, temperature=each).replace("\r", "\n")
        assert column.get_property("textContent") == "a river that ru" + wanted

    browser.press(browser.keys.CONTROL, "z")
    browser.until(lambda: browser.text == before, "what was drawn is taken back")
    browser.settled()
    text = browser.text
    browser.mark(len(text))
    browser.settled()
    browser.write()
    assert browser.text == text + written(model, text, 3, temperature=temperature)
    assert browser.faults(shelf.url) == []
