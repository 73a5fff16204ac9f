"""``make bench``: every benchmark, one after the other; nothing else should run meanwhile."""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
PARTS = (["language_models.py"], ["vocabulary.py"], ["generation.py"], ["seq2seq.py", "--peers"], ["page.py"])

if __name__ == "__main__":
    for script, *arguments in PARTS:
        subprocess.run([sys.executable, str(HERE / script), *arguments], check=True)
