"""What a model needs to answer, wherever it is asked: it is loaded, its rows are encoded, and it is scored."""
