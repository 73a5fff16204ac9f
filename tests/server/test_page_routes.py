"""The page at ``/``: a fixed table of paths, and the models that are served."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest

import riverrun
from person import Person, open_browser
from riverrun.page.serving import page_files
from riverrun.page.single_file import FOLDER
from tiny_server import Server, started


def test_the_page_and_all_it_needs(both):
    page = both.get("/")
    assert page.status == 200
    assert b"<title>riverrun</title>" in page.body
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["content-security-policy"].startswith("default-src 'self';")
    for path in page_files():
        answer = both.get("/" + path.relative_to(FOLDER).as_posix())
        assert (answer.status, answer.body) == (200, path.read_bytes())


def test_its_models_are_those_of_the_server(both):
    listed = both.get("/models.json").json
    assert [each["name"] for each in listed] == ["model", "phones"]
    for each in listed:
        packed = both.get("/" + each["path"])
        assert packed.headers["content-type"] == "application/octet-stream"
        assert b"tokenizer" in gzip.decompress(packed.body)


@pytest.mark.parametrize(
    "path", ["/app", "/app/../../errors.py", "/app/%2e%2e/packing.py", "/models/9", "/ENGINE.md"]
)
def test_nothing_else_is_there(both, path):
    assert both.get(path).status == 404


@pytest.fixture
def locked(trained: Path, tmp_path: Path) -> Iterator[Server]:
    """A server that asks for the key ``a:secret``."""
    keys = tmp_path / "keys"
    keys.write_text("a:secret\n")
    keys.chmod(0o600)
    with started(tmp_path / "log", trained, "--api-key-file", keys) as server:
        yield server.wait_until_ready(authorization="Bearer a:secret")


def test_it_is_behind_the_key(locked: Server):
    for path in ("/", "/app/main.js", "/models.json", "/models/0"):
        refused = locked.get(path)
        assert refused.status == 401
        assert b"riverrun</title>" not in refused.body
        assert locked.get(path, authorization="Bearer a:secret").status == 200


def test_a_browser_that_was_given_the_key_shows_it(locked: Server, trained: Path):
    """The browser asks for it, here answered in an address, and sends it along with all that the page asks for."""
    person = Person(open_browser())
    address = f"127.0.0.1:{locked.port}"
    try:
        person.browser.get(f"http://{address}/")
        assert not person.all("#text")
        person.browser.get(f"http://anybody:a%3Asecret@{address}/v1/models")
        person.visit(f"http://anybody:a%3Asecret@{address}/")
        person.visit(f"http://{address}/")
        person.type("the ")
        written = person.write()
        seed = int(person.see("seed").get_property("value"))
        assert written == riverrun.load(trained).generate("the ", 400, seed=seed)
        assert person.faults(f"http://{address}/") == []
    finally:
        person.leave()
