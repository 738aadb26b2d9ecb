"""How warm will it be tomorrow? `dvc repro` runs the stages in the order of `dvc.yaml`."""
