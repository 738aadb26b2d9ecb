"""Find out what is wrong with a repository."""
