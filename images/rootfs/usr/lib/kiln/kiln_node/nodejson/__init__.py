"""node.json: its schema, its rules, its values and the secrets that it refers to."""
