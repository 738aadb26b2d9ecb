"""Run the pipeline, and hold `dvc.lock` against it."""
