"""The scratchpad, worked as a person does: typing, sliders, branches, going back, units, four temperatures, links."""

from pathlib import Path

import pytest

import riverrun
from person import Person

PROMPT = "the spirit of "


def command_line(river: Path, prompt: str, length: int, seed: str, **sampling: float) -> str:
    return riverrun.load(river).generate(prompt, length, seed=int(seed), **sampling)


def test_typing_is_read_at_once(page: Person, river: Path):
    page.type(PROMPT)
    page.settled()
    score = riverrun.load(river).score(PROMPT)
    assert page.see("sums").text == f"14 characters, {score.bits_per_character:.2f} bits per character"
    assert len(page.bars) == 12
    assert page.all("#mirror b")  # some symbol is coloured


def test_the_same_seed_writes_what_the_command_line_writes(page: Person, river: Path):
    page.type(PROMPT)
    written = page.write()
    assert len(written) == 400
    assert written == command_line(river, PROMPT, 400, page.see("seed").get_property("value"))
    assert "characters/s" in page.see("pace").text


def test_a_slider_moves_the_bars(page: Person):
    page.type(PROMPT)
    page.settled()
    before = page.bars
    page.slide("slider-temperature", -20)
    colder = page.bars
    assert [name for name, _ in colder] == [name for name, _ in before]  # nothing changes its place
    assert max(share for _, share in colder) > max(share for _, share in before)
    page.slide("slider-topK", 2)
    assert sum(share > 0 for _, share in page.bars) == 2
    page.click("reset")
    assert page.bars == before


def test_the_text_behind_the_caret_is_drawn_anew_while_a_slider_moves(page: Person, river: Path):
    page.type(PROMPT)
    first = page.write()
    page.mark(len(PROMPT))
    page.settled()
    page.click("redraw")
    page.slide("slider-temperature", -3)
    page.until(lambda: page.text[len(PROMPT) :] not in ("", first), "the text is another one")
    page.settled()
    temperature = float(page.see("slider-temperature").get_attribute("aria-valuetext"))
    seed = page.see("seed").get_property("value")
    assert page.text[len(PROMPT) :] == command_line(river, PROMPT, 400, seed, temperature=temperature)


def test_an_alternative_branches_and_the_tree_leads_back(page: Person):
    page.type(PROMPT)
    page.write()
    whole = page.text
    page.mark(20)
    page.settled()
    standing = page.all(".chance.stands .symbol")[0].text
    place = next(k for k, (name, _) in enumerate(page.bars) if name != standing)
    page.all(".chance")[place].click()
    page.until(lambda: len(page.text) == 21, "the text ends with the alternative")
    assert page.text[:20] == whole[:20]
    assert page.text[20] != whole[20]
    page.write()
    branch = page.text
    rows = page.all("#tree [role=treeitem]")
    old = next(
        row
        for row in rows
        if row.get_attribute("aria-selected") == "false" and row.get_attribute("aria-level") != "1"
    )
    old.click()
    page.until(lambda: page.text == whole, "the old branch is back")
    page.press(page.keys.CONTROL, "z")
    page.until(lambda: page.text == branch, "undone")
    page.press(page.keys.CONTROL, "y")
    page.until(lambda: page.text == whole, "done again")


def test_the_keyboard_does_it_all(page: Person):
    """Alternatives by number, the branches up and down, bars with the arrow keys; every key stands in the list."""
    page.type(PROMPT)
    page.press(page.keys.CONTROL, page.keys.ENTER)
    page.until_written()
    whole = page.text
    page.mark(20)
    page.settled()
    second = page.bars[1][0].replace("␣", " ").replace("↵", "\n")
    page.press(page.keys.ALT, "2")
    page.until(lambda: page.text == whole[:20] + second, "the second alternative is taken")
    page.press(page.keys.CONTROL, page.keys.ENTER)
    page.until_written()
    branch = page.text
    page.press(page.keys.ALT, page.keys.ARROW_UP)
    page.until(lambda: page.text == whole, "the branch before")
    page.press(page.keys.ALT, page.keys.ARROW_DOWN)
    page.until(lambda: page.text == branch, "the branch after")
    page.all(".chance")[0].send_keys(page.keys.ARROW_DOWN)
    assert page.browser.switch_to.active_element == page.all(".chance")[1]
    page.click("keys-button")
    listed = page.see("keys").text
    assert all(key in listed for key in ("Enter", "Esc", "Alt", "Ctrl Z"))
    page.press(page.keys.ESCAPE)


def test_the_text_is_copied_and_saved(page: Person):
    page.type(PROMPT)
    page.run(
        "window.taken = []; navigator.clipboard.writeText = async (text) => { window.taken.push(text); };"
        "URL.createObjectURL = (file) => { file.text().then((text) => window.taken.push(text)); return 'data:,'; };"
        "HTMLAnchorElement.prototype.click = function () { window.taken.push(this.download); };"
    )
    page.click("copy")
    page.until(lambda: "is copied" in page.see("notice").text, "it says so")
    page.click("save")
    page.until(lambda: page.run("return window.taken.length") == 3, "it is saved")
    assert page.run("return window.taken") == [PROMPT, "riverrun.txt", PROMPT]


def test_stepping_back_and_going_on_from_the_middle(page: Person, river: Path):
    page.type(PROMPT)
    page.write()
    whole = page.text
    page.mark(30)
    page.settled()
    page.click("back")
    page.settled()
    assert page.run("return document.getElementById('text').selectionEnd") == 29
    assert page.all(".chance.stands .symbol")[0].text.replace("␣", " ").replace("↵", "\n") == whole[29]
    written = page.write()
    assert page.text[:29] == whole[:29]
    assert written == command_line(river, whole[:29], 400, page.see("seed").get_property("value"))


def test_stopping_and_going_on_is_one_text(page: Person, river: Path):
    page.type(PROMPT)
    page.run("document.getElementById('length').value = '0'")
    page.press(page.keys.CONTROL, page.keys.ENTER)
    page.until(lambda: len(page.text) > 500, "it writes")
    page.press(page.keys.ESCAPE)
    page.until_written()
    page.run("document.getElementById('length').value = '100'")
    stopped = len(page.text)
    page.click("write")
    page.until(lambda: len(page.text) == stopped + 100, "it has gone on")
    page.until_written()
    seed = page.see("seed").get_property("value")
    assert page.text == PROMPT + command_line(river, PROMPT, len(page.text) - len(PROMPT), seed)


def test_editing_in_the_middle_reads_the_text_anew(page: Person, river: Path):
    page.type("the age is a spirit")
    page.settled()
    page.mark(4, 7)
    page.type("river")
    page.settled()
    assert page.text == "the river is a spirit"
    score = riverrun.load(river).score(page.text)
    assert page.see("sums").text == f"21 characters, {score.bits_per_character:.2f} bits per character"


def test_a_unit_is_found_held_and_released(page: Person):
    page.type("the river runs where it will, and we call it ours; ")
    page.settled()
    page.click("tab-units")
    page.mark(4, 9)
    page.click("find")
    page.until(lambda: len(page.all("#found button")) == 8, "units are found")
    assert page.all("input[value=unit]")[0].is_selected()
    page.until(lambda: page.all("#mirror b"), "the text is coloured")
    page.mark(51)
    page.settled()
    free = page.bars
    page.slide("hold", -40)
    page.click("hold-on")
    page.until(lambda: page.bars != free, "what comes next has changed")
    assert "is held at −1.00" in page.see("held").text
    page.write()
    page.all("#held button")[0].click()
    page.mark(51)
    page.settled()
    assert [name for name, _ in page.bars][:3] == [name for name, _ in free][:3]


def test_four_temperatures_and_one_is_taken(page: Person, river: Path):
    page.type(PROMPT)
    page.settled()
    page.click("tab-heats")
    page.click("heat-write")
    page.until(lambda: len(page.all("#heat-columns button:enabled")) == 4, "all four are written")
    texts = [each.get_property("textContent") for each in page.all("#heat-columns .words")]
    seed = page.see("seed").get_property("value")
    assert texts == [
        PROMPT + command_line(river, PROMPT, 240, seed, temperature=t) for t in (0.2, 0.5, 1.0, 1.2)
    ]
    page.all("#heat-columns button")[2].click()
    page.until(lambda: page.text == texts[2], "it is on the pad")


def test_the_training_can_be_dragged(page: Person):
    page.click("tab-training")
    last = page.see("moment-value").text
    assert page.all("#moment-samples .words")
    page.slide("moment", -1)
    page.until(lambda: page.see("moment-value").text != last, "another step is shown")


def test_a_link_brings_back_what_one_saw(page: Person, server):
    page.type(PROMPT)
    page.write()
    page.slide("slider-temperature", -5)
    page.mark(25)
    page.settled()
    text, bars = page.text, page.bars
    page.click("link")
    page.until(lambda: "link is copied" in page.see("notice").text, "the link is copied")
    address = page.browser.current_url
    assert page.faults(server.url) == []
    page.visit(address)
    page.settled()
    assert (page.text, page.bars) == (text, bars)


def test_the_command_that_is_copied_writes_the_same(page: Person, river: Path, monkeypatch, capsys):
    import shlex

    from riverrun.cli.main import main

    page.type(PROMPT)
    page.write()
    page.run(
        "document.execCommand = undefined; navigator.clipboard.writeText = async (text) => { window.copied = text; }"
    )
    page.click("command")
    line = page.until(lambda: page.run("return window.copied"), "the command is copied")
    monkeypatch.chdir(river.parent)
    monkeypatch.setattr("warnings.showwarning", None)
    assert main(shlex.split(line)[1:]) == 0
    assert capsys.readouterr().out == f"{page.text}\n"


@pytest.mark.parametrize("drawer", ["branches", "units", "heats", "training", "about"])
def test_nothing_bars_the_way(page: Person, drawer: str):
    page.type(PROMPT)
    page.settled()
    page.click(f"tab-{drawer}")
    if drawer == "heats":
        page.click("theme")
        page.click("theme")  # dark
    found = page.violations()
    page.run("localStorage.clear()")
    assert found == []


def test_at_a_phone_s_width(page: Person):
    page.at_phone_width()
    try:
        page.type(PROMPT)
        page.write()
        assert page.run("return document.documentElement.scrollWidth <= innerWidth")
        page.slide("slider-topK", 1)
        assert sum(share > 0 for _, share in page.bars) == 1
        page.all(".chance")[0].click()
        page.settled()
        assert page.violations() == []
    finally:
        page.at_desk_width()


def test_every_control_explains_itself(page: Person):
    silent = page.run(
        "return [...document.querySelectorAll('#language button, #language input, #language select')].filter((each) =>"
        "!each.closest('[data-about]') && each.getAttribute('role') !== 'tab').map((each) => each.outerHTML)"
    )
    assert silent == []
    page.hover(page.see("slider-topP"))
    page.until(
        lambda: "together have this probability" in page.see("help").text, "the slider explains itself"
    )
