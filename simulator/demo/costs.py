"""What an evening costs of the processor, as the supervisor and the operating system count it."""

import re
import resource

SECONDS = re.compile(r'^platform_process_cpu_seconds_total\{process="([^"]+)"\} (\S+)$', re.MULTILINE)
OURSELVES = "the town"


def processor_s(metrics: str) -> dict[str, float]:
    """Seconds by process, the greatest first; a process that was started again counts from its last start."""
    ours = resource.getrusage(resource.RUSAGE_SELF)
    seconds = {name: float(value) for name, value in SECONDS.findall(metrics)}
    seconds[OURSELVES] = ours.ru_utime + ours.ru_stime
    return dict(sorted(seconds.items(), key=lambda item: -item[1]))
