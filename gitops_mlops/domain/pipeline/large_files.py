"""Which files belong to DVC and not to git: by their type, and by their size."""

from __future__ import annotations

import shlex
from pathlib import PurePosixPath

from gitops_mlops.domain.errors import FileProblemLine

DEFAULT_MAX_KB = 1024
LFS_POINTER = b"version https://git-lfs.github.com/spec/"

_DATA = frozenset({".parquet", ".feather", ".arrow", ".orc", ".avro", ".h5", ".hdf5", ".npy", ".npz", ".duckdb"})
_MODEL = frozenset(
    {".skops", ".pkl", ".pickle", ".joblib", ".onnx", ".pt", ".pth", ".ckpt", ".safetensors", ".keras", ".tflite",
     ".gguf", ".cbm", ".ubj", ".pmml"}
)  # fmt: skip


def kind_of(path: str) -> str:
    """`data`, `model`, or "" when the name's ending does not tell."""
    ending = PurePosixPath(path).suffix.lower()
    return "data" if ending in _DATA else "model" if ending in _MODEL else ""


def size_problem(path: str, size: int, max_kb: int) -> FileProblemLine | None:
    """Why a file of `size` bytes should not be in git, None when it may. 1 kB is 1024 bytes here."""
    # A command that is pasted must mean this file, whatever its name.
    name = shlex.quote(f"./{path}" if path.startswith("-") else path)
    hint = f"git rm --cached {name}, then dvc add {name}; or exclude it in .pre-commit-config.yaml"
    if kind := kind_of(path):
        return FileProblemLine(path, 0, 0, "", f"a {kind} file belongs to DVC", hint)
    if size > max_kb * 1024:
        return FileProblemLine(path, 0, 0, "", f"{size / 1024:,.0f} KiB, and {max_kb:,} are allowed", hint)
    return None
