"""The processor that machine code is made for: this one, or the plainest of its family.

``RIVERRUN_PROCESSOR=generic`` asks for the latter: code that runs on every processor of the family (on x86-64 without
AVX, on arm64 with NEON alone), to be used by others from one cache, or to see that it works.
"""

import os

import llvmlite.binding as llvm


def is_generic() -> bool:
    """Whether the plainest processor is asked for."""
    return os.environ.get("RIVERRUN_PROCESSOR") == "generic"


def name() -> str:
    """As LLVM calls it."""
    return "generic" if is_generic() else llvm.get_host_cpu_name()


def features() -> str:
    """What it has and lacks, as LLVM wants it said."""
    return "" if is_generic() else llvm.get_host_cpu_features().flatten()


def has(feature: str) -> bool:
    """Whether it has a feature, such as ``avx512bf16``."""
    return not is_generic() and bool(llvm.get_host_cpu_features().get(feature))
