"""The page of a translator: outputs while one types, the beam step by step, attention linked on hover."""

import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

import riverrun
from person import Person

WORD = "abcx"


@pytest.fixture
def desk(browser: Person, server, translated: Path) -> Iterator[Person]:
    """The same page, with the translator chosen."""
    browser.visit(f"{server.url}?model={translated.name}")
    yield browser
    assert browser.faults(server.url) == []


def outputs(desk: Person) -> list[str]:
    return [each.text for each in desk.all("#outputs .words")]


def test_outputs_follow_while_one_types(desk: Person, translated: Path):
    desk.type(WORD, into="source")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "n-best = 4")
        wanted = riverrun.load(translated).translations([WORD], beam=4, n_best=4)[0].outputs
    desk.until(
        lambda: outputs(desk) == [each.text for each in wanted], "the outputs are those of the command line"
    )
    shares = [each.text for each in desk.all("#outputs .share")]
    assert len(shares) == len(wanted)
    assert all(share.endswith("%") for share in shares)


def test_the_beam_is_walked_step_by_step(desk: Person):
    desk.type(WORD, into="source")
    desk.until(lambda: desk.see("beam-step-value").text and desk.all("#beam li"), "the beam is shown")
    last = [each.text for each in desk.all("#beam li")]
    desk.slide("beam-step", -1)
    desk.until(lambda: [each.text for each in desk.all("#beam li")] != last, "an earlier step is shown")
    desk.slide("slider-beam", -3)
    desk.until(lambda: len(outputs(desk)) == 1, "a beam of one has one output")


def test_attention_is_linked_on_hover(desk: Person):
    desk.type(WORD, into="source")
    desk.until(lambda: len(desk.all("#links .line")) == 2, "both lines are there")
    desk.hover(desk.all("#links .line:nth-child(2) .linked")[0])
    weights = desk.until(
        lambda: desk.run(
            "const found = [...document.querySelectorAll('#links .line:nth-child(1) .linked')]"
            ".map((each) => Number(each.dataset.weight)); return found.some(Boolean) && found"
        ),
        "the source is linked",
    )
    assert sum(weights) == pytest.approx(1, abs=0.01)
    assert len(desk.all("#matrix tbody tr")) == len(desk.all("#links .line:nth-child(2) .linked"))


def test_a_link_brings_back_the_source(desk: Person, server):
    desk.type(WORD, into="source")
    desk.until(lambda: outputs(desk), "there are outputs")
    before = outputs(desk)
    desk.click("link-translation")
    desk.until(lambda: "copied" in desk.see("source-notice").text, "the link is copied")
    address = desk.browser.current_url
    assert desk.faults(server.url) == []
    desk.visit(address)
    desk.until(lambda: outputs(desk) == before, "the outputs are there again")


def test_unseen_letters_are_named(desk: Person):
    desk.type("ab§", into="source")
    desk.until(lambda: "§" in desk.see("source-notice").text, "the letter is named")


def test_another_model_is_chosen(desk: Person, river: Path):
    desk.see("model").find_element("css selector", f"option[value='{river.name}']").click()
    desk.until(lambda: desk.see("language").is_displayed(), "the page of the language model is there")


@pytest.mark.parametrize("width", ["desk", "phone"])
def test_nothing_bars_the_way(desk: Person, width: str):
    if width == "phone":
        desk.at_phone_width()
    try:
        desk.type(WORD, into="source")
        desk.until(lambda: outputs(desk), "there are outputs")
        assert desk.violations() == []
        assert desk.run("return document.documentElement.scrollWidth <= innerWidth")
    finally:
        desk.at_desk_width()


def test_a_source_that_is_far_too_long_is_translated_in_pieces(desk: Person, translated: Path):
    source = "abcdef" * 200
    desk.paste(source, into="source")
    desk.until(lambda: "in pieces" in desk.see("source-notice").text, "it says so", 60)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        (wanted,) = riverrun.load(translated).translations([source])
    assert outputs(desk) == [wanted.outputs[0].text]
    assert not desk.see("attention-section").is_displayed()
    assert desk.all("#beam li") == []
    desk.see("source").clear()
    desk.type(WORD, into="source")
    desk.until(lambda: desk.all("#beam li"), "a short one is shown as before")
    assert desk.see("attention-section").is_displayed()
