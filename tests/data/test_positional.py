"""Reading at a place: the same with and without pread, from many threads at once."""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from riverrun.data.positional import open_to_read, read_at
from riverrun.data.rows import Rows


@pytest.fixture(params=["pread", "seek and read"])
def way(request, monkeypatch):
    if request.param != "pread":
        monkeypatch.delattr(os, "pread", raising=False)
    elif not hasattr(os, "pread"):
        pytest.skip("this system has no pread")


@pytest.mark.usefixtures("way")
def test_many_threads_read_what_stands_there(tmp_path):
    content = np.arange(40_000, dtype="<u4").tobytes() + b"\r\n\x1a"
    (tmp_path / "file").write_bytes(content)
    descriptor = open_to_read(tmp_path / "file")
    places = [(place * 37 % 150_000, place % 97) for place in range(2000)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda each: read_at(descriptor, each[1], each[0]), places))
    assert found == [content[place : place + size] for place, size in places]
    assert read_at(descriptor, 10, len(content) - 3) == b"\r\n\x1a"
    os.close(descriptor)


@pytest.mark.usefixtures("way")
def test_rows_are_read_so():
    rows = Rows([np.arange(3, dtype=np.int32), np.array([7], np.int32)])
    rows.append(np.array([8, 9], np.int32))
    assert [row.tolist() for row in rows] == [[0, 1, 2], [7], [8, 9]]
