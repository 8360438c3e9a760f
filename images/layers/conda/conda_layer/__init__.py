"""The conda layer's recipe; the code layer, whose key builds on this one's, uses its parts too."""
