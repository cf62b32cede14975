"""All rows that need no GPU, as one table, each line as soon as it is measured.

python -m benchmarks [--data-dir DIR]
"""

import itertools
import time

from benchmarks import dashboard, draw, fast, many, process, start, steps
from benchmarks.arguments import parse
from benchmarks.pairs import tell


def main() -> None:
    """Measure and print."""
    data_dir = parse(__doc__).data_dir
    started = time.perf_counter()
    tell(
        itertools.chain(
            process.measure(data_dir, pairs=15),
            steps.measure(data_dir, "cpu", pairs=15, batches=100),
            fast.measure(data_dir, "cpu", pairs=5),
            start.measure(data_dir, pairs=5),
            dashboard.measure(data_dir, pairs=9, seconds=8),
            many.measure(data_dir, pairs=5, seconds=6),
            draw.measure(data_dir, strokes=25, pairs=5, seconds=6),
        )
    )
    print(f"\n{(time.perf_counter() - started) / 60:.1f} minutes")


if __name__ == "__main__":
    main()
