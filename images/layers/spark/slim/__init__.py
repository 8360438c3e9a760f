"""Leaving out of jars what a node never loads, and proof that nothing left refers to it."""
