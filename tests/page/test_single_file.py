"""One file that opens from the disk: as written by the command, in the browser, and every way in which it cannot be."""

import errno
import json
import os
import re
from pathlib import Path

import pytest

import riverrun
from laws.test_fast_equals_plain import random_model
from page_models import directory, files
from person import Person
from riverrun.cli.main import main
from riverrun.page import single_file
from riverrun.page.single_file import Shown

PROMPT = "the spirit of "


@pytest.fixture
def export(capsys, monkeypatch):
    """Runs ``riverrun export``; returns exit code, stdout and stderr."""
    monkeypatch.setattr("warnings.showwarning", None)

    def run(*arguments: object) -> tuple[int, str, str]:
        code = main(["export", *map(str, arguments)])
        return code, *capsys.readouterr()

    return run


@pytest.fixture(scope="module")
def exported(river: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("exported") / "river page.html"
    assert main(["export", str(river), "--html", str(target), "--precision", "fp32"]) == 0
    return target


def faults(browser: Person, target: Path) -> list[str]:
    return browser.faults(target.as_uri())


def test_it_opens_from_the_disk_and_writes_what_the_command_line_writes(
    browser: Person, exported: Path, river: Path
):
    browser.visit(exported.as_uri())
    browser.type(PROMPT)
    written = browser.write()
    seed = int(browser.see("seed").get_property("value"))
    assert written == riverrun.load(river).generate(PROMPT, 400, seed=seed)
    browser.click("link")
    browser.until(lambda: "text=" in browser.browser.current_url, "the address holds the text")
    assert faults(browser, exported) == []


def test_it_asks_for_nothing(exported: Path):
    document = exported.read_text(encoding="utf-8")
    assert not re.search(r"""(src|href)=["'](?!data:,)""", document)
    assert "default-src 'none'" in document
    assert not re.search(r"https?://", document.replace("http://www.w3.org/2000/svg", ""))


def test_a_translator_in_one_file(browser: Person, translated: Path, tmp_path: Path, export):
    target = tmp_path / "words.html"
    code, out, _ = export(translated, "--html", target)
    assert code == 0
    assert re.search(r"[\d,]+ bytes, weights in bf16; on the held-out text: [\d.]+ bits per character", out)
    browser.visit(target.as_uri())
    browser.type("abcx", into="source")
    browser.until(lambda: browser.all("#outputs .words"), "there are outputs")
    browser.at_phone_width()
    assert browser.violations() == []
    browser.at_desk_width()
    assert faults(browser, target) == []


def test_what_a_precision_costs_is_measured_on_the_held_out_text(river: Path, tmp_path: Path, export):
    code, out, _ = export(river, "--html", tmp_path / "a.html", "--precision", "int8")
    assert code == 0
    coarse, exact, difference = map(float, re.findall(r"[+-]?\d+\.\d{4}", out))
    assert difference == pytest.approx(coarse - exact, abs=2e-4)
    assert exact == pytest.approx(riverrun.load(river).facts["validation_bits_per_character"], abs=0.1)
    assert out.startswith(
        f"{tmp_path / 'a.html'}: {(tmp_path / 'a.html').stat().st_size:,} bytes, weights in int8; "
    )


def test_what_a_precision_costs_on_another_text_and_where_none_is_left(river: Path, tmp_path: Path, export):
    text = tmp_path / "other.txt"
    text.write_text("the river runs where it will\n" * 20, encoding="utf-8")
    code, out, _ = export(river, "--html", tmp_path / "a.html", "--text", text)
    assert (code, f"on {text}:" in out) == (0, True)
    moved = tmp_path / "moved"
    riverrun.load(river).save(moved)
    (moved / "request.json").write_text(
        json.dumps({"inputs": [str(tmp_path / "gone.txt")]}), encoding="utf-8"
    )
    code, out, _ = export(moved, "--html", tmp_path / "b.html")
    assert code == 0
    assert (
        "what that costs was not measured: the held-out text is not there any more (give one with --text FILE)"
        in out
    )


def test_fewer_bits_make_a_smaller_file(river: Path):
    sizes = [len(single_file.pack_model(river, precision)) for precision in ("fp32", "bf16", "int8")]
    assert sizes == sorted(sizes, reverse=True)


def test_the_book_s_model_in_one_file_is_small(tmp_path: Path):
    """An LSTM of 1 x 256 over 85 symbols, as of Nietzsche; random weights, which are packed worse than trained ones."""
    model = random_model(hidden=256, embedding=64, vocabulary=85)
    packed = single_file.pack_model(directory(tmp_path / "m", files(*model)), "bf16")
    assert len(single_file.single_file(packed, Shown("nietzsche", "bf16"))) < 1_500_000


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["{model}", "--html", "{here}"], r"{here} is a directory: give the name of a file"),
        (
            ["{model}", "--html", "{here}/a.html", "--precision", "fp4"],
            r"precision = 'fp4': give one of fp32, bf16, int8",
        ),
        (["{here}/none", "--html", "{here}/a.html"], r"no such model directory"),
        (["{model}"], r"give one of --html FILE and --onnx DIR"),
        (["{model}", "--onnx", "{here}/a", "--precision", "bf16"], r"--precision is of --html"),
        (["{model}", "--html", "{here}/a.html", "--text", "{here}/none.txt"], r"no such file"),
        (["{model}", "--html", "{here}/file/a.html"], r"cannot be written"),
    ],
)
def test_bad_input_is_one_sentence(river: Path, tmp_path: Path, export, arguments: list[str], complaint: str):
    (tmp_path / "file").write_text("a file, not a folder", encoding="utf-8")
    given = [each.format(model=river, here=tmp_path) for each in arguments]
    code, out, err = export(*given)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert complaint.format(here=tmp_path) in err
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_a_full_disk_leaves_what_was_there(river: Path, tmp_path: Path, export, monkeypatch):
    target = tmp_path / "a.html"
    target.write_text("the old page", encoding="utf-8")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("os.replace", full)
    code, out, err = export(river, "--html", target, "--precision", "fp32")
    assert (code, out) == (2, "")
    assert err == f"riverrun: {target} cannot be written: {os.strerror(errno.ENOSPC)}\n"
    assert [each.name for each in tmp_path.iterdir()] == ["a.html"]
    assert target.read_text(encoding="utf-8") == "the old page"


def damaged(river: Path, tmp_path: Path, fault: str) -> Path:
    """A copy of a model with a fault."""
    path = tmp_path / "damaged"
    riverrun.load(river).save(path)
    weights, manifest = path / "model.safetensors", path / "manifest.json"
    match fault:
        case "truncated":
            weights.write_bytes(weights.read_bytes()[:-7])
        case "foreign":
            weights.write_bytes(b"PK\x03\x04 this is another program's file")
        case "newer":
            document = json.loads(manifest.read_text(encoding="utf-8"))
            manifest.write_text(json.dumps(document | {"format": 99}), encoding="utf-8")
        case "empty":
            manifest.unlink()
    return path


@pytest.mark.parametrize(
    ("fault", "complaint"),
    [
        ("truncated", "model.safetensors is damaged"),
        ("foreign", "model.safetensors is damaged"),
        ("newer", "has model format 99"),
        ("empty", "is not a finished model"),
    ],
)
@pytest.mark.parametrize("command", ["export", "play"])
def test_a_damaged_model_is_named(
    river: Path, tmp_path: Path, capsys, command: str, fault: str, complaint: str
):
    path = damaged(river, tmp_path, fault)
    more = ["--html", str(tmp_path / "a.html")] if command == "export" else ["--no-browser"]
    assert main([command, str(path), *more]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert complaint in err
    assert not (tmp_path / "a.html").exists()


def test_a_model_too_wide_for_a_page(river: Path, tmp_path: Path, export, monkeypatch):
    monkeypatch.setattr("riverrun.page.packing.MOST", 1000)
    code, _, err = export(river, "--html", tmp_path / "a.html", "--precision", "fp32")
    assert code == 2
    assert "is too wide for a page" in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", [0, 2000, -200])
def test_a_file_damaged_on_its_way_says_so(browser: Person, exported: Path, tmp_path: Path, place: int):
    document = exported.read_text(encoding="utf-8")
    start, end = re.search(r'id="packed"[^>]*>([^<]*)<', document).span(1)  # pyright: ignore[reportOptionalMemberAccess]
    data = document[start:end]
    cut = place % len(data) // 4 * 4
    target = tmp_path / "damaged.html"
    target.write_text(document[:start] + data[:cut] + document[end:], encoding="utf-8")
    browser.visit(target.as_uri(), expects_trouble=True)
    assert re.search(r"is damaged or cut short|, or is cut short", browser.see("trouble").text)
    assert not browser.see("language").is_displayed()
    assert faults(browser, target) == []


def test_a_script_that_would_end_early_is_refused(monkeypatch):
    monkeypatch.setattr(single_file, "engine_script", lambda: "const a = '</script>';")
    with pytest.raises(ValueError, match="would end before its end"):
        single_file.single_file(b"", Shown("a", "fp32"))
