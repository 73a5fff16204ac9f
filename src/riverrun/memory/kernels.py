"""How the loops of this room are compiled. Without numba's compiler they run as the Python that they are, and give
the same numbers: that is their definition (law 3)."""

from typing import Any

from numba import njit

OPTIONS: dict[str, Any] = {
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
    "error_model": "numpy",
    "fastmath": {"contract"},
    "_nrt": False,
}

inner: Any = njit(**OPTIONS)
"""A step of a loop: allocates nothing, so that the compiled decoder can take it into its own code."""

outer: Any = njit(cache=True, error_model="numpy", nogil=True)
"""A loop that Python calls; other threads run beside it."""
