"""Known texts: one built in, others downloaded with a checksum; no network is said plainly."""

import hashlib
import io
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from riverrun.data import library
from riverrun.data.corpus import open_corpus
from riverrun.errors import DownloadError, InputError

TEXT = b"a small public text\n"


def archive() -> bytes:
    """A zip file as Tatoeba's: the pairs in some folder, and a file about them."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as opened:
        opened.writestr("_about.txt", "CC-BY")
        opened.writestr("pairs/cmn.txt", TEXT)
    return buffer.getvalue()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if "python" in self.headers["User-Agent"]:  # as manythings.org does
            self.send_error(406)
            return
        self.send_response(200)
        self.end_headers()
        self.wfile.write(archive() if self.path.endswith(".zip") else TEXT)

    def log_message(self, *args):
        pass


@pytest.fixture
def served():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/text.txt"
    server.shutdown()
    thread.join()
    server.server_close()


def know(monkeypatch, url, content=TEXT):
    sha256 = hashlib.sha256(content).hexdigest()
    monkeypatch.setitem(library.DOWNLOADS, "small", library.KnownText(url, sha256, "small.txt", "a text"))


def test_the_built_in_text_is_long_and_always_the_same(own_cache):
    corpus = open_corpus(["python-docs"])
    assert corpus.characters > 300_000
    assert open_corpus(["python-docs"]).digest == corpus.digest


def test_a_damaged_copy_of_the_built_in_text_is_mended(own_cache):
    before = open_corpus(["python-docs"]).digest
    (own_cache / "texts" / "python-docs.txt").write_text("other")
    assert open_corpus(["python-docs"]).digest == before


def test_a_text_is_downloaded_once_and_then_known_by_name(own_cache, monkeypatch, served):
    know(monkeypatch, served)
    assert library.downloaded("small") is None
    assert library.download("small").read_bytes() == TEXT
    know(monkeypatch, "http://127.0.0.1:1/gone")
    assert library.download("small").read_bytes() == TEXT
    assert open_corpus(["small"]).characters == len(TEXT)


def test_another_content_than_expected_is_refused_and_not_kept(own_cache, monkeypatch, served):
    know(monkeypatch, served, b"expected")
    with pytest.raises(DownloadError, match="not the expected text"):
        library.download("small")
    assert library.downloaded("small") is None


def know_archive(monkeypatch, url, member="cmn.txt"):
    known = library.KnownText(url.replace(".txt", ".zip"), None, "small.tsv", "pairs", member)
    monkeypatch.setitem(library.DOWNLOADS, "small", known)


def test_of_an_archive_that_changes_the_member_is_kept_and_the_user_told(own_cache, monkeypatch, served):
    know_archive(monkeypatch, served)
    with pytest.warns(UserWarning, match="changes from time to time and was not checked"):
        path = library.download("small")
    assert path.read_bytes() == TEXT
    assert [file.name for file in path.parent.iterdir()] == ["small.tsv"]
    assert library.downloaded("small") == path


def test_an_archive_without_the_member_or_no_archive_is_refused(own_cache, monkeypatch, served):
    know_archive(monkeypatch, served, "fra.txt")
    with pytest.raises(DownloadError, match=r"not the expected text \(no fra.txt in the archive\)"):
        library.download("small")
    known = library.KnownText(served, None, "small.tsv", "pairs", "cmn.txt")
    monkeypatch.setitem(library.DOWNLOADS, "small", known)
    with pytest.raises(DownloadError, match="not a zip file"):
        library.download("small")
    assert library.downloaded("small") is None
    assert not list((own_cache / "texts").iterdir())


def test_no_network_is_said_with_a_way_out(own_cache, monkeypatch):
    know(monkeypatch, "http://127.0.0.1:1/text.txt")
    with pytest.raises(DownloadError, match="give the text as a file"):
        library.download("small")


def test_an_unknown_name_lists_the_known(own_cache):
    with pytest.raises(InputError, match="python-docs"):
        library.download("no-such-text")
