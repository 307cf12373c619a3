"""The roof: wires the domains to their engines and runs them as processes."""
