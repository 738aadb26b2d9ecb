"""What can be wrong with a repository and its set-up."""
