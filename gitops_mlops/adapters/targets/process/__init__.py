"""The `process` target: servers as processes of this machine, each in a session of its own."""

from gitops_mlops.adapters.targets.process.target import ProcessTarget

__all__ = ["ProcessTarget"]
