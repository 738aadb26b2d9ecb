"""What a model needs to answer, wherever it is asked: it is loaded, its rows are encoded, and it is scored.

And what the stages of a project's pipeline import of us to write a model, predictions and scores, and to read them.
"""
