"""How far will a patient's diabetes have gone in a year? `dvc repro` runs the stages in the order of `dvc.yaml`."""
