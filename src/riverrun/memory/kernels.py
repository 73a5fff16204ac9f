"""How the loops of this room are compiled. Where numba's compiler is switched off they run as the Python that they
are, and give the same numbers: that is their definition (law 3)."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from numba import njit
from numba.core.caching import CompileResultCacheImpl, FunctionCache, _CacheLocator

from riverrun.data.cache import private_directory

OPTIONS: dict[str, Any] = {
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
    "error_model": "numpy",
    "fastmath": {"contract"},
    "_nrt": False,
}

inner: Any = njit(**OPTIONS)
"""A step of a loop: allocates nothing, so that the compiled decoder can take it into its own code."""


def outer(function: Callable[..., Any]) -> Any:
    """A loop that Python calls; other threads run beside it. Its code is kept where nobody else can write."""
    loop: Any = njit(error_model="numpy", nogil=True)(function)
    if hasattr(loop, "_cache") and _folder is not None:
        loop._cache = _Cache(function)
    return loop


_folder = private_directory("loops")
_sources = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py"))))


class _Locator(_CacheLocator):
    """numba looks at the file of a loop alone to tell whether its code is of today; a loop is made of all files here,
    and lies where nobody else can write."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._name = f"{function.__module__}-{function.__code__.co_firstlineno}"

    def get_cache_path(self) -> Any:
        return str(_folder)

    def get_source_stamp(self) -> Any:
        return _sources.hexdigest()

    def get_disambiguator(self) -> Any:
        return self._name

    @classmethod
    def from_function(cls, py_func: Callable[..., Any], py_file: str) -> "_Locator":
        return cls(py_func)


class _Kept(CompileResultCacheImpl):
    _locator_classes = [_Locator]  # noqa: RUF012


class _Cache(FunctionCache):
    _impl_class = _Kept
