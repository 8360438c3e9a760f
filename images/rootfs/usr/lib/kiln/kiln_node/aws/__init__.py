"""What only a machine at AWS has: metadata, parameters, the hook and the notice of its end."""
