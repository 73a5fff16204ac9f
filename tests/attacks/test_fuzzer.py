"""The fuzzer of model directories finds nothing in some cases, and would find an element too far."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="closes pages of memory, and asks /proc how much it has"
)


def test_nothing_crashes_hangs_or_floods():
    command = [sys.executable, str(BENCHMARKS / "fuzz_models.py"), "--cases", "300", "--jobs", "1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["refused"] > 100
    assert report["used"] > 30
    assert not report["faults"]


TOO_FAR = """
import sys, tempfile
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import fuzz_models, made, riverrun
import numpy as np
fuzz_models.prepare()
decoder = riverrun.load(made.language_model(Path(sys.argv[2]) / "model")).decoder
symbols = decoder.vocabulary
for turn in range(2):
    decoder.score(np.array([symbols - 1]), np.array([symbols - 1]), decoder.initial_state())
print("so far", flush=True)
decoder.vocabulary += 1
decoder.score(np.array([symbols]), np.array([0]), decoder.initial_state())
"""


def test_an_element_too_far_would_be_found(tmp_path):
    command = [sys.executable, "-c", TOO_FAR, str(BENCHMARKS), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert done.stdout == "so far\n", done.stderr
    assert done.returncode == -signal.SIGSEGV
