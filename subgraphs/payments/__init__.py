"""Payments: the money of orders. Owns `Payment`; streams `payment_…`, one per order, sharing the order's UUID.

Consumes `orders.events`. Emits `payments.events`, to which orders reacts. Talks to the payment provider by effects.
"""
