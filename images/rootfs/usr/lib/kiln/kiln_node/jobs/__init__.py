"""Jobs of this node: command line, record on scratch, driver as a unit, output, end."""
