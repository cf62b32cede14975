"""Another benchmark as on a processor without AVX-512, in PyTorch's kernels and in ours.

    python -m benchmarks.avx2 MODULE [ARGUMENT ...]

For example `python -m benchmarks.avx2 benchmarks.steps --pairs 15`. On x86-64 only.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PYTORCHS = {
    "ATEN_CPU_CAPABILITY": "avx2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",
}
"""What PyTorch and its libraries read."""


def main() -> int:
    """Run the module in an environment of its own; returns its exit code."""
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as folder:
        compiler = Path(folder) / "cc"
        compiler.write_text(f'#!/bin/sh\nexec {shutil.which("cc")} "$@" -march=x86-64-v3\n')
        compiler.chmod(0o755)
        environment = {**os.environ, **PYTORCHS, "CC": str(compiler), "XDG_CACHE_HOME": folder}
        command = [sys.executable, "-m", *sys.argv[1:]]
        return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
