"""The SQL of the questions: lives are grouped as they are asked for, so that it does not matter what has merged."""

_ORDERS = """
select order_id as id, min(placed_at) as placed, max(currency) as money, max(food_minor) as food,
  max(paid_minor) as paid, min(promised_at) as promised, min(ready_at) as ready, min(sold_at) as sold,
  min(lost_at) as lost, max(fault) as whose
from analytics_orders where restaurant_id = {restaurant_id:String} group by order_id
having placed >= {begin:DateTime64(6, 'UTC')} and placed < {end:DateTime64(6, 'UTC')} and min(confirmed_at) is not null
"""
_SOLD = f"select * from ({_ORDERS}) where sold is not null and money = {{currency:String}}"
_SEEN = """seen_at >= {begin:DateTime64(6, 'UTC')} - interval 3 day
  and seen_at < {end:DateTime64(6, 'UTC')} + interval 3 day"""
"""No order and no engagement lasts longer: whatever a life was told lies that near."""
_PART = "toInt64(arrayCount(edge -> edge <= toUnixTimestamp64Micro(assumeNotNull(%s)), {edges:Array(Int64)})) - 1"

SALES = f"""
select {_PART % "placed"} as part, count() as orders, sum(coalesce(food, 0)) as food_minor,
  sum(coalesce(paid, 0)) as paid_minor
from ({_SOLD}) group by part order by part
"""

BASKETS = f"""
select count() as orders, sum(basket) as food_minor, quantileExact(0.5)(basket) as median_minor,
  quantileExact(0.9)(basket) as p90_minor
from (select coalesce(food, 0) as basket from ({_SOLD}))
"""

PUNCTUALITY = f"""
select count() as orders, countIf(late >= -{{within:Int64}} and late < {{within:Int64}}) as punctual,
  sum(late) / 1000000 as late_s,
  quantileExact(0.9)(greatest(least(late, {{most:Int64}}), -{{most:Int64}})) / 1000000 as p90_s
from (
  select assumeNotNull(toUnixTimestamp64Micro(ready) - toUnixTimestamp64Micro(promised)) as late
  from ({_ORDERS}) where ready is not null and promised is not null
)
"""

LOSSES = f"""
select count() as orders, countIf(whose = 'CUSTOMER') as customer, countIf(whose = 'RESTAURANT') as restaurant,
  countIf(whose = 'COURIER') as courier, countIf(whose = 'PLATFORM') as platform
from (select if(lost is null, null, whose) as whose from ({_ORDERS}))
"""

ITEMS = f"""
select item_id, name, quantity, total_minor from (
  select item_id, sum(quantity) as quantity, sum(total_minor) as total_minor
  from analytics_lines final
  where restaurant_id = {{restaurant_id:String}} and order_id in (select id from ({_SOLD}))
  group by item_id
) sums
join (
  select item_id, argMax(name, (placed_at, name)) as name from analytics_lines
  where restaurant_id = {{restaurant_id:String}} group by item_id
) names using (item_id)
order by total_minor desc, quantity desc, item_id limit {{most:Int64}}
"""

WAYS = f"""
select
  countIf(door is not null) as doors, quantileExactIf(0.5)(door, door is not null) as door_median,
  quantileExactIf(0.9)(door, door is not null) as door_p90,
  countIf(pickup is not null) as pickups, quantileExactIf(0.5)(pickup, pickup is not null) as pickup_median,
  quantileExactIf(0.9)(pickup, pickup is not null) as pickup_p90
from (
  select
    if(placed is not null and delivered >= {{begin:DateTime64(6, 'UTC')}} and delivered < {{end:DateTime64(6, 'UTC')}},
      greatest(toUnixTimestamp64Micro(delivered) - toUnixTimestamp64Micro(placed), 0), null) as door,
    if(ready is not null and fetched >= {{begin:DateTime64(6, 'UTC')}} and fetched < {{end:DateTime64(6, 'UTC')}},
      greatest(toUnixTimestamp64Micro(fetched) - toUnixTimestamp64Micro(ready), 0), null) as pickup
  from (
    select min(placed_at) as placed, min(ready_at) as ready, min(picked_up_at) as fetched,
      min(delivered_at) as delivered
    from analytics_orders
    where {_SEEN}
    group by restaurant_id, order_id
  )
)
"""

OFFERS = f"""
select
  countIf(asked and assigned is not null) as accepted, countIf(asked and declined is not null) as declined,
  countIf(asked and lapsed is not null) as lapsed,
  coalesce(sumIf(greatest(
    least(coalesce(toUnixTimestamp64Micro(released), {{now:Int64}}),
      toUnixTimestamp64Micro(assigned) + {{longest:Int64}}, {{now:Int64}})
    - greatest(toUnixTimestamp64Micro(assigned), {{from:Int64}}), 0), assigned is not null), 0) as engaged
from (
  select min(made_at) as made, min(assigned_at) as assigned, min(declined_at) as declined, min(lapsed_at) as lapsed,
    min(released_at) as released,
    made is not null and made >= {{begin:DateTime64(6, 'UTC')}} and made < {{end:DateTime64(6, 'UTC')}} as asked
  from analytics_offers
  where {_SEEN}
  group by offer_id
)
"""

# A shift that is there twice ends its first self where it begins.
ONLINE = """
select sumIf(greatest(least(until, began + {longest:Int64}, {now:Int64}) - greatest(began, {from:Int64}), 0), online)
  as online_us
from (
  select toUnixTimestamp64Micro(at) as began, online,
    leadInFrame(toUnixTimestamp64Micro(at), 1, {now:Int64}) over (
      partition by courier_id order by at, version rows between unbounded preceding and unbounded following) as until
  from analytics_shifts
  where toUnixTimestamp64Micro(at) >= {from:Int64} - {longest:Int64} and toUnixTimestamp64Micro(at) < {now:Int64}
)
"""

UNASSIGNED = """
select count() as deliveries, if(count() = 0, null, min(sought)) as since from (
  select delivery_id as id, min(sought_at) as sought from analytics_deliveries
  where seen_at > {since:DateTime64(6, 'UTC')} group by delivery_id
  having sought > {since:DateTime64(6, 'UTC')} and min(ended_at) is null
) where id not in (
  select assumeNotNull(max(delivery_id)) from analytics_offers where seen_at > {since:DateTime64(6, 'UTC')}
  group by offer_id having min(assigned_at) is not null and min(released_at) is null
)
"""

EARNINGS = f"""
select {_PART % "sold"} as part, assumeNotNull(money) as currency, count() as deliveries,
  sum(coalesce(fee, 0)) as fees_minor, sum(coalesce(tip, 0)) as tips_minor
from (
  select min(sold_at) as sold, max(currency) as money, max(delivery_fee_minor) as fee, max(tip_minor) as tip
  from analytics_orders
  where (restaurant_id, order_id) in (
    select restaurant_id, order_id from analytics_orders where courier_id = {{courier_id:String}})
  group by restaurant_id, order_id
  having sold >= {{begin:DateTime64(6, 'UTC')}} and sold < {{end:DateTime64(6, 'UTC')}} and money is not null
    and min(confirmed_at) is not null and min(placed_at) is not null and max(courier_id) = {{courier_id:String}}
) group by part, currency order by part, currency
"""
