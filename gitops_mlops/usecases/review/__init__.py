"""All that a pull request is asked, its comment, and issues."""
