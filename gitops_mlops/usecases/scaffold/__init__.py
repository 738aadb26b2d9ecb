"""Set up a project, and the demo."""
