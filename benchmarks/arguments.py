"""What all benchmarks take on their command lines."""

import argparse
import os
import sys
from pathlib import Path

from mnist_tui.data.files import find_files


def parse(description: str | None, *paths: str, **numbers: int) -> argparse.Namespace:
    """The arguments: --data-dir, --device, each of `paths`, an option for each of `numbers`."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    default = Path(os.environ.get("MNIST_TUI_DATA", "data"))
    parser.add_argument("--data-dir", type=Path, default=default)
    parser.add_argument("--device", default="cpu")
    for path in paths:
        parser.add_argument(path, type=Path, metavar=path.upper())
    for name, number in numbers.items():
        parser.add_argument(f"--{name}", type=int, default=number)
    arguments = parser.parse_args()
    if not find_files(arguments.data_dir).is_complete:
        sys.exit(f"the full MNIST is not in {arguments.data_dir}; name its folder with --data-dir")
    return arguments
