"""Models in the formats that need no code of the project."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gitops_mlops.domain.comparison.predictions import Predictor


class ModelFileLoader:
    """Loads a model by what the ending of its file says: ONNX for `.onnx`, skops for everything else."""

    def load(self, content: bytes, name: str, trusted: frozenset[str], inputs: tuple[str, ...]) -> Predictor:
        """The model in a file's content; see `ports.ModelFiles`."""
        if name.endswith(".onnx"):
            from gitops_mlops.runtime.onnx_model import load_onnx

            return load_onnx(content, name, inputs)
        from gitops_mlops.runtime.skops_model import load_model

        return load_model(content, name, trusted)
