"""Solves conda environments for `kiln lock`: one JSON request on stdin, one JSON answer on stdout."""
