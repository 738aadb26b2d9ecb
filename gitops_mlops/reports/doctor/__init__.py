"""What doctor found."""
