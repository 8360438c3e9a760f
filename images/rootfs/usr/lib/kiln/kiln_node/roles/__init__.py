"""Programs of a single role: the pages of master and history server, the notebook's kernel."""
