"""The machine itself: its programs, files, clock and sockets, and services over HTTP."""
