"""Is the challenger better than the champion, and how sure can we be? The methods are named where they are used."""
