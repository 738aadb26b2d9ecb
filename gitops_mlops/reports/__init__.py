"""Results to text: nothing is decided here."""
