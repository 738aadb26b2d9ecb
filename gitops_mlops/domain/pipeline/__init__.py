"""DVC's files: `dvc.yaml`, `dvc.lock`, parameters and templates, and what must run."""
