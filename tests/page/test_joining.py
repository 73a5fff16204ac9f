"""ES modules as one script do what they do as modules."""

from pathlib import Path

import pytest

from riverrun.page.joining import join


def write(folder: Path, **modules: str) -> Path:
    for name, source in modules.items():
        (folder / f"{name}.js").write_text(source, encoding="utf-8")
    return folder / "main.js"


def test_modules_come_before_those_that_import_them_and_keep_their_names(tmp_path: Path):
    entry = write(
        tmp_path,
        main='import { a } from "./one.js";\nimport { b as c } from "./two.js";\nconst hidden = a + c;\n',
        one='import { b } from "./two.js";\nconst hidden = 1;\nexport const a = b + hidden;\n',
        two="export function b() {}\nexport class C {}\nexport async function d() {}\n",
    )
    script = join(entry, {})
    two, one, main = (
        script.index(text) for text in ("function b() {}", "const a = b + hidden", "const hidden = a + c")
    )
    assert two < one < main
    assert script.count("function b() {}") == 1
    assert "return { b, C, d };" in script
    assert "const { b: c } = $module0;" in script
    assert "import" not in script
    assert "export" not in script


def test_modules_that_stand_there_already_are_not_joined(tmp_path: Path):
    entry = write(tmp_path, main='import { a } from "./given.js";\na();\n', given="export const a = 1;\n")
    script = join(entry, {tmp_path / "given.js": "globalThis.given"})
    assert "const { a } = globalThis.given;" in script
    assert "const a = 1" not in script


@pytest.mark.parametrize(
    "main",
    ['import a from "./one.js";\n', 'export * from "./one.js";\n', "export default 1;\n", "export { a };\n"],
)
def test_forms_that_are_not_understood_are_refused(tmp_path: Path, main: str):
    with pytest.raises(ValueError, match="not understood"):
        join(write(tmp_path, main=main, one="export const a = 1;\n"), {})


def test_a_circle_is_refused(tmp_path: Path):
    entry = write(
        tmp_path,
        main='import { a } from "./one.js";\nexport const b = 1;\n',
        one='import { b } from "./main.js";\nexport const a = 1;\n',
    )
    with pytest.raises(ValueError, match="import each other"):
        join(entry, {})
