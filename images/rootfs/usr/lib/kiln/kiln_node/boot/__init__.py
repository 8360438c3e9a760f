"""The steps of a boot, from node.json to a node that is ready, and what they prove."""
