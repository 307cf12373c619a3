"""What an order costs on both event logs and both routers, in one run: `python -m tests.benchmarks.growing [ORDERS]`.

Four platforms one after the other, each new, with the same orders (`order_life`). Search stays in Postgres: placing
and delivering an order do not search. Needs `make engines` and `make hive-router`.
"""

import sys
from collections.abc import Mapping

from tests.benchmarks.order_life import Cost, Costs, costs_of
from tests.benchmarks.processes import percentile

AT_ONCE = 8
KAFKA = {"ENGINES": "real", "SEARCH_URL": "postgresql:"}
PLATFORMS: Mapping[str, Mapping[str, str]] = {
    "journal, gateway": {},
    "Kafka, gateway": KAFKA,
    "journal, Hive Router": {"ROUTER": "hive"},
    "Kafka, Hive Router": {**KAFKA, "ROUTER": "hive"},
}


def table(title: str, costs: Mapping[str, Cost]) -> None:
    """One row a process and one column a platform, in processor milliseconds an order; ratios to the first below."""
    first = next(iter(costs.values()))
    processes = sorted({name for cost in costs.values() for name in cost.by_process_ms})
    print(f"\n{title}\n{'':24}" + "".join(f"{name:>24}" for name in costs))
    for process in processes:
        row(process, [f"{cost.by_process_ms.get(process, 0.0):.1f} ms" for cost in costs.values()])
    row("together, without load", [f"{cost.order_ms:.1f} ms" for cost in costs.values()])
    row("ratio", [f"{cost.order_ms / first.order_ms:.2f}" for cost in costs.values()])
    row("orders/s", [f"{cost.orders / cost.elapsed_s:.1f}" for cost in costs.values()])
    row("event to subscriber p50", [f"{told_ms(cost, 50):.0f} ms" for cost in costs.values()])
    row("event to subscriber p95", [f"{told_ms(cost, 95):.0f} ms" for cost in costs.values()])


def row(name: str, cells: list[str]) -> None:
    print(f"{name:24}" + "".join(f"{cell:>24}" for cell in cells))


def told_ms(cost: Cost, percent: int) -> float:
    return percentile([1000 * delay for delay in cost.delays_s], percent)


def main(orders: int) -> None:
    costs: dict[str, Costs] = {}
    for name, environment in PLATFORMS.items():
        costs[name] = costs_of(orders, AT_ONCE, environment)
        print(f"{name}: {costs[name].life.order_ms:.0f} ms an order", flush=True)
    table(f"{orders} lives, from the quote to the door", {name: each.life for name, each in costs.items()})
    table(
        f"{orders} orders placed, from the quote to the kitchen", {name: each.placing for name, each in costs.items()}
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 150)
