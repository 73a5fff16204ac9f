"""Without AVX-512 and bf16, on arm64, without numba: the decoders that take their place."""

import os
import subprocess
import sys

import pytest

import riverrun

WRITE = """
import sys, riverrun
model = riverrun.load(sys.argv[1])
print(repr(model.generate("the river", 60, seed=5)), repr(model.generate("the river", 60, temperature=0)))
print(round(model.score("the spirit of an age").bits_per_character, 3))
"""

FOR_ARM64 = """
import re
import llvmlite.binding as llvm
from riverrun.generation.compiled.entry import SIGNATURE, run

run.compile(SIGNATURE)
text = run.inspect_llvm(run.signatures[0])
llvm.initialize_all_targets()
llvm.initialize_all_asmprinters()
machine = llvm.Target.from_triple("aarch64-unknown-linux-gnu").create_target_machine(cpu="generic", opt=3)
text = re.sub(r"target datalayout = .*", f'target datalayout = "{machine.target_data}"', text)
text = re.sub(r"target triple = .*", 'target triple = "aarch64-unknown-linux-gnu"', text)
code = machine.emit_object(llvm.parse_assembly(text))
print(code[:4], int.from_bytes(code[18:20], "little"), len(code) > 10_000)
"""


def output(code: str, *arguments: object, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=True,
    )


def plain(path) -> str:
    """What a process without numba and llvmlite writes."""
    gone = "import sys; sys.modules['llvmlite'] = sys.modules['numba'] = None\n"
    return output(gone + WRITE, path).stdout


def test_without_a_compiler_the_plain_decoder_writes_the_same(trained):
    model = riverrun.load(trained)
    written, greedy = model.generate("the river", 60, seed=5), model.generate("the river", 60, temperature=0)
    assert plain(trained).split("\n")[0] == f"{written!r} {greedy!r}"


def test_with_numba_switched_off_the_plain_decoder_is_taken(trained, tmp_path):
    """NUMBA_DISABLE_JIT=1, as for debugging, on a machine that has compiled nothing yet."""
    done = output(WRITE, trained, NUMBA_DISABLE_JIT="1", RIVERRUN_CACHE=str(tmp_path))
    assert done.stdout == plain(trained)


@pytest.mark.timeout(600)
def test_the_plainest_processor_writes_the_same(trained):
    """The code is compiled for it once and kept in the cache as any other."""
    assert output(WRITE, trained, RIVERRUN_PROCESSOR="generic").stdout == plain(trained)


@pytest.mark.timeout(600)
def test_machine_code_is_made_for_arm64():
    done = output(FOR_ARM64, RIVERRUN_PROCESSOR="generic")
    assert done.stdout.strip() == f"{bytes([0x7F]) + b'ELF'} 183 True"  # 183: AArch64 in the ELF header
