"""Orders: a quote binds a price for 15 minutes, an order is placed on it and lives until it is collected, delivered, or
ends early.

Owns the streams `quote_…` (one event, `QuoteGiven`) and `order_…`; an order reuses its quote's UUID. Consumes
`catalog.changes` (kitchens, menus, staff), `payments.events` and `dispatch.events`; emits `orders.events`.
"""
