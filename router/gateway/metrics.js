/** Counters, gauges and histograms of this process in the Prometheus text format. */

const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** @typedef {ReturnType<typeof createMetrics>} Metrics */
export function createMetrics() {
  return {
    requests: counter("gateway_requests_total", "Operations answered, by kind and outcome.", ["kind", "outcome"]),
    refusals: counter("gateway_refusals_total", "Requests refused before execution, by code.", ["code"]),
    running: gauge("gateway_running", "HTTP requests under way, this one included."),
    duration: histogram("gateway_request_seconds", "Time from the whole body to the whole answer of one operation."),
    upstream: counter("gateway_upstream_requests_total", "Requests to subgraphs, by outcome.", ["subgraph", "outcome"]),
    sockets: gauge("gateway_sockets", "Open WebSockets of clients."),
    upstreamSockets: gauge("gateway_upstream_sockets", "Open WebSockets to subgraphs."),
    subscriptions: gauge("gateway_subscriptions", "Running subscriptions."),
    closed: counter("gateway_sockets_closed_total", "WebSockets closed by the gateway, by close code.", ["code"]),
    slowClients: counter("gateway_slow_clients_cut_total", "Clients cut because they did not read what was sent.", [
      "transport",
    ]),
  };
}

/** The page of /metrics. @param {Metrics} metrics */
export function renderMetrics(metrics) {
  const memory = process.memoryUsage.rss();
  const processor = process.cpuUsage();
  const rows = [
    ...Object.values(metrics).flatMap((metric) => metric.lines()),
    "# HELP process_resident_memory_bytes Resident memory.",
    "# TYPE process_resident_memory_bytes gauge",
    `process_resident_memory_bytes ${memory}`,
    "# HELP process_cpu_seconds_total Processor time used.",
    "# TYPE process_cpu_seconds_total counter",
    `process_cpu_seconds_total ${(processor.user + processor.system) / 1e6}`,
  ];
  return `${rows.join("\n")}\n`;
}

function labelled(name, labels, values) {
  const pairs = labels.map((label, place) => `${label}="${String(values[place]).replace(/[\\"\n]/g, "")}"`);
  return pairs.length ? `${name}{${pairs.join(",")}}` : name;
}

function counter(name, help, labels = []) {
  const series = new Map();
  return {
    add(...values) {
      const key = labelled(name, labels, values);
      series.set(key, (series.get(key) ?? 0) + 1);
    },
    lines: () => [
      `# HELP ${name} ${help}`,
      `# TYPE ${name} counter`,
      ...[...series].map(([key, value]) => `${key} ${value}`),
    ],
  };
}

function gauge(name, help) {
  let value = 0;
  return {
    up: () => void value++,
    down: () => void value--,
    value: () => value,
    lines: () => [`# HELP ${name} ${help}`, `# TYPE ${name} gauge`, `${name} ${value}`],
  };
}

function histogram(name, help) {
  const counts = BOUNDS.map(() => 0);
  let total = 0;
  let sum = 0;
  return {
    observe(seconds) {
      total += 1;
      sum += seconds;
      BOUNDS.forEach((bound, place) => {
        if (seconds <= bound) counts[place] += 1;
      });
    },
    lines: () => [
      `# HELP ${name} ${help}`,
      `# TYPE ${name} histogram`,
      ...BOUNDS.map((bound, place) => `${name}_bucket{le="${bound}"} ${counts[place]}`),
      `${name}_bucket{le="+Inf"} ${total}`,
      `${name}_sum ${sum}`,
      `${name}_count ${total}`,
    ],
  };
}
