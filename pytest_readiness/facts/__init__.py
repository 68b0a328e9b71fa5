"""How to read each kind of resource; protocols are known here, checks are not."""
