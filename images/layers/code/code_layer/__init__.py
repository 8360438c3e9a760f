"""The code layer's recipe."""
