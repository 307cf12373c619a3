"""One suite per port: what every adapter must guarantee."""
