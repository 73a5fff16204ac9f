"""What the page must bear: unseen symbols, a megabyte, settings from elsewhere, a browser without vectors."""

from urllib.parse import urlencode

import riverrun
from person import Person, open_browser


def test_unseen_symbols_are_named_and_the_rest_is_read(page: Person):
    page.type("the é§ river")
    page.until(lambda: "'é'" in page.see("notice").text, "the symbol is named")
    page.settled()
    assert "'§'" in page.see("notice").text
    assert page.text == "the é§ river"
    assert len(page.write()) == 400
    assert page.text.startswith("the é§ river")


def test_a_megabyte_is_read_and_gone_on_from(page: Person, corpus, river):
    text = (corpus.read_text(encoding="utf-8") * 400)[:1_000_000]
    page.paste(text)
    page.until(lambda: page.see("sums").text.startswith("1,000,000 characters"), "all of it is read", 120)
    page.settled()
    written = page.write()
    assert written == riverrun.load(river).generate(
        text, 400, seed=int(page.see("seed").get_property("value"))
    )


def test_a_text_for_which_there_is_no_room_is_refused(page: Person):
    page.paste("the river " * 210_000)
    page.until(lambda: "the page has room for" in page.see("notice").text, "it says so", 60)
    page.run("document.getElementById('text').value = ''")
    page.type("the ")
    page.until(lambda: page.see("sums").text.startswith("4 characters"), "it goes on with less")


def test_an_address_that_makes_no_sense_is_borne(page: Person, server):
    nonsense = urlencode(
        {
            "text": "the ",
            "caret": "-4",
            "seed": "1e9",
            "s.temperature": "hot",
            "s.topK": "-7",
            "unit": "99999",
            "hold": "a:b,7:9",
        }
    )
    page.visit(f"{server.url}#{nonsense}")
    page.settled()
    assert page.text == "the "
    assert page.see("slider-temperature").get_attribute("aria-valuetext") == "0.80"
    assert page.all("#held li") == []


def test_typing_while_it_writes_keeps_what_was_typed(page: Person):
    page.type("the ")
    page.run("document.getElementById('length').value = '0'")
    page.click("write")
    page.until(lambda: len(page.text) > 200, "it writes")
    page.mark(4)
    page.type("river ")
    page.until(lambda: page.see("write").text == "Write", "it has stopped")
    page.settled()
    assert page.text.startswith("the river ")
    assert page.run("return document.getElementById('text').selectionEnd") == 10


def test_without_webassembly_plain_javascript_serves(server, river):
    person = Person(open_browser("--js-flags=--jitless"))  # V8 then has no WebAssembly
    try:
        person.visit(server.url)
        person.type("the river ")
        written = person.write()
        assert written == riverrun.load(river).generate(
            "the river ", 400, seed=int(person.see("seed").get_property("value"))
        )
        person.click("tab-about")
        assert "plain JavaScript" in person.see("about-facts").text
        assert person.faults(server.url) == []
    finally:
        person.leave()
