"""The page at ``/``: a fixed table of paths, and the models that are served."""

import gzip

import pytest

from riverrun.page.serving import page_files
from riverrun.page.single_file import FOLDER


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


def test_it_is_behind_the_key(trained, tmp_path):
    import tiny_server

    keys = tmp_path / "keys"
    keys.write_text("secret\n")
    keys.chmod(0o600)
    with tiny_server.started(tmp_path / "log", trained, "--api-key-file", keys) as server:
        server.wait_until_ready(authorization="Bearer secret")
        assert server.get("/models/0").status == 401
        assert server.get("/models/0", authorization="Bearer secret").status == 200
