"""Which tumours are malignant? `dvc repro` runs the stages in the order of `dvc.yaml`."""
