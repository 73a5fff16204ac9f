"""Fixtures of the page's tests: one browser and one server for all of them."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import tiny
from person import Person, open_browser
from riverrun.page.serving import PageServer


@pytest.fixture(scope="session")
def browser() -> Iterator[Person]:
    person = Person(open_browser())
    yield person
    person.leave()


@pytest.fixture(scope="session")
def river(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small language model that was looked at twice while it learned."""
    output = tmp_path_factory.mktemp("river") / "river"
    tiny.train(
        corpus,
        output,
        budget__steps=40,
        training__learning_rate=0.02,
        model__hidden=16,
        training__evaluate_every=20,
    )
    return output


@pytest.fixture(scope="session")
def server(river: Path, translated: Path) -> Iterator[PageServer]:
    """The page with a language model and a translator."""
    served = PageServer([river, translated], 0)
    thread = threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield served
    served.shutdown()
    served.server_close()
    thread.join()


@pytest.fixture
def page(browser: Person, server: PageServer) -> Iterator[Person]:
    """The page of the language model; afterwards nothing outside was asked for and nothing was complained of."""
    browser.visit(server.url)
    yield browser
    assert browser.faults(server.url) == []
