"""What is published of the node: its status, its metrics, and the boot's report."""
