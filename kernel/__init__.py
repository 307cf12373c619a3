"""The floor of the platform: messages, deciding, handling and consuming; no driver and no word of any domain."""
