"""What units and people ask of the node beside the steps of the boot: guard, watch, drain, canary."""
