"""ES modules joined to one classic script: pages that are opened from the disk may not load modules.

What is understood is what the page's modules use: ``import { a, b } from "./x.js";`` and ``export`` before a
declaration. Each module becomes a function's body and keeps its own names.
"""

import re
from pathlib import Path

_IMPORT = re.compile(r'^import \{([^}]*)\} from "([^"]+)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function\*?|class|const|let) (\w+))", re.MULTILINE)


def join(entry: Path, given: dict[Path, str]) -> str:
    """One script that does what the module ``entry`` does.

    Args:
        entry: the module to begin with.
        given: modules that stand there already, each with the global name that holds what it exports.

    Raises:
        ValueError: a module uses a form of import or export that is not understood.
    """
    names: dict[Path, str] = {path.resolve(): name for path, name in given.items()}
    bodies: list[str] = []
    _add(entry.resolve(), names, bodies)
    return "(() => {\n'use strict';\n" + "".join(bodies) + "})();\n"


def _add(path: Path, names: dict[Path, str], bodies: list[str]) -> None:
    """Append a module after those that it imports."""
    if path in names:
        return
    names[path] = ""  # on its way: a circle would find it so
    source = path.read_text(encoding="utf-8")
    imports = []
    for wanted, other in _IMPORT.findall(source):
        found = (path.parent / other).resolve()
        _add(found, names, bodies)
        if not names[found]:
            raise ValueError(f"{path.name} and {other} import each other")
        imports.append(f"const {{{wanted.replace(' as ', ': ')}}} = {names[found]};\n")
    exports = ", ".join(_EXPORT.findall(source))
    body = _EXPORT.sub("", _IMPORT.sub("", source))
    if re.search(r"^(import|export)\b", body, re.MULTILINE):
        raise ValueError(f"{path.name} has an import or export of a form that is not understood")
    names[path] = f"$module{len(bodies)}"
    bodies.append(
        f"const {names[path]} = (() => {{\n{''.join(imports)}{body}return {{ {exports} }};\n}})();\n"
    )
