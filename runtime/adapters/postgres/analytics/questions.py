"""The SQL of the questions. Names are looked up in insights' schema; `$3` to `$6` of a sum are its grains' edges."""

_GRAINS = """
scope = $1 and measure = $2 and (
  (grain = 'day' and at >= $4::timestamptz and at < $5::timestamptz)
  or (grain = 'quarter' and at >= $3::timestamptz and at < $4::timestamptz)
  or (grain = 'quarter' and at >= $5::timestamptz and at < $6::timestamptz)
)"""

SUMS = f"""
select label, sum(count)::bigint as count, sum(total)::bigint as total from analytics_cell
where {_GRAINS} group by label having sum(count) <> 0 or sum(total) <> 0
"""

ITEMS = f"""
select item_id, coalesce(i.name, '') as name, quantity, total_minor from (
  select substr(label, length($7::text) + 1) as item_id,
    sum(count)::bigint as quantity, sum(total)::bigint as total_minor
  from analytics_cell where {_GRAINS} and starts_with(label, $7::text) group by label having sum(count) > 0
) s left join analytics_item i using (item_id)
order by total_minor desc, quantity desc, item_id limit $8
"""

SALES = """
select width_bucket(at, $3::timestamptz[]) - 1 as part,
  coalesce(sum(count) filter (where measure = 'sold'), 0)::bigint as orders,
  coalesce(sum(total) filter (where measure = 'sold'), 0)::bigint as food_minor,
  coalesce(sum(total) filter (where measure = 'paid'), 0)::bigint as paid_minor
from analytics_cell
where scope = $1 and measure in ('sold', 'paid') and grain = 'quarter' and label = $2
  and at >= ($3::timestamptz[])[1] and at < ($3::timestamptz[])[cardinality($3::timestamptz[])]
group by 1 having sum(count) > 0 order by 1
"""

EARNINGS = """
select width_bucket(at, $2::timestamptz[]) - 1 as part, label as currency,
  coalesce(sum(count) filter (where measure = 'fee'), 0)::bigint as deliveries,
  coalesce(sum(total) filter (where measure = 'fee'), 0)::bigint as fees_minor,
  coalesce(sum(total) filter (where measure = 'tip'), 0)::bigint as tips_minor
from analytics_cell
where scope = $1 and measure in ('fee', 'tip') and grain = 'quarter'
  and at >= ($2::timestamptz[])[1] and at < ($2::timestamptz[])[cardinality($2::timestamptz[])]
group by 1, 2 having sum(count) > 0 order by 1, 2
"""

ENGAGED = """
select coalesce(sum(greatest(extract(epoch from
  least(assigned_at + $3::interval, $2::timestamptz) - greatest(assigned_at, $1::timestamptz)
), 0) * 1000000), 0)::bigint as total
from analytics_offer
where released_at is null and assigned_at >= $1::timestamptz - $3::interval and assigned_at < $2::timestamptz
"""

ONLINE = """
select coalesce(sum(greatest(extract(epoch from
  least(until, at + $3::interval, $2::timestamptz) - greatest(at, $1::timestamptz)), 0) * 1000000), 0)::bigint as total
from (
  select at, online, lead(at) over (partition by courier_id order by at, version) as until
  from analytics_shift where at >= $1::timestamptz - $3::interval and at < $2::timestamptz
) s where online
"""

UNASSIGNED = """
select count(*) as deliveries, min(sought_at) as since from analytics_delivery d
where d.ended_at is null and d.sought_at > $1::timestamptz and not exists (
  select from analytics_offer o
  where o.delivery_id = d.delivery_id and o.assigned_at is not null and o.released_at is null
)
"""
