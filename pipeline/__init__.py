"""The flagship pipeline: flights out of New York in 2013, will they arrive late?

`dvc repro` runs the stages in the order that `dvc.yaml` gives: ingest, prepare, train, evaluate.
"""
