"""Files that are no checkpoints, in many ways."""

import os
from pathlib import Path

import torch


class Payload:
    """What would run if a checkpoint were unpickled without care."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("ran",)


def write_bad_checkpoint(kind: str, good: Path, bad: Path) -> None:
    """Make a file that is no checkpoint, in one of many ways."""
    content = good.read_bytes()
    match kind:
        case "empty":
            bad.write_bytes(b"")
        case "truncated":
            bad.write_bytes(content[: len(content) // 2])
        case "flipped":
            middle = len(content) // 2
            bad.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
        case "text":
            bad.write_text("not a checkpoint\n")
        case "other model":
            torch.save({"model": {"weight": torch.zeros(3)}}, bad)
        case "tensor":
            torch.save(torch.zeros(3), bad)
        case "code":
            torch.save({"model": Payload()}, bad)
        case "folder":
            bad.mkdir()
        case "missing":
            pass
