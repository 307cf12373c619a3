"""Orders: a quote binds a price for 15 minutes, an order is placed on it and lives until it is collected or ends early.

Owns the streams `quote_…` (one event, `QuoteGiven`) and `order_…`; an order reuses its quote's UUID. Consumes
`catalog.changes` (kitchens, menus, staff) and `payments.events`; emits `orders.events`.
"""
