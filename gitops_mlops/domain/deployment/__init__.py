"""What should run, what runs, and what to do about the difference."""
