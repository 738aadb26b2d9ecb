"""Parse, bootstrap, use-case, report, exit code."""
