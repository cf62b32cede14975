"""All rows that need no GPU, as one table.

python -m benchmarks [--data-dir DIR]
"""

from benchmarks import dashboard, draw, fast, process, start, steps
from benchmarks.arguments import parse
from benchmarks.pairs import table


def main() -> None:
    """Measure and print."""
    data_dir = parse(__doc__).data_dir
    figures = [
        *process.measure(data_dir, 15),
        *steps.measure(data_dir, "cpu", pairs=7, batches=200),
        *fast.measure(data_dir, "cpu", pairs=5),
        *start.measure(data_dir, pairs=5),
        *dashboard.measure(data_dir, pairs=9, seconds=8),
        *draw.measure(data_dir, strokes=40, pairs=7, seconds=6),
    ]
    print(table(figures))


if __name__ == "__main__":
    main()
