"""Restaurants, their hours, staff and menus.

State-stored: commands change rows, and triggers capture every change, also one typed into psql, as `catalog.changes`
on the stream of its restaurant. Consumes nothing of other domains. Emits `RestaurantChanged`, `StaffChanged`,
`MenuChanged`, `MenuCategoryChanged`, `MenuItemChanged`, `OptionGroupChanged`.
"""
