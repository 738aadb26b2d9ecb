"""The comparison as a comment, a page and a terminal's text."""
