"""What the first start decides and DATA_DIR keeps: the platform's secrets, and when its clock began."""

import os
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from runtime.given import CLOCK_FILE, SECRETS_FILE, read_kept
from runtime.settings import SECRET_NAMES, Settings


def ensure_secrets(data_dir: Path) -> None:
    """Generate those that are missing, keep those that are there; readable by the owner alone."""
    kept = read_kept(data_dir / SECRETS_FILE)
    missing = {name: secrets.token_urlsafe(32) for name in SECRET_NAMES if name not in kept}
    if missing:
        keep(data_dir / SECRETS_FILE, {**kept, **missing})


def ensure_clock(settings: Settings) -> None:
    """A clock with an origin or a rate of its own goes on over restarts: remember where it began."""
    is_real_time = settings.clock_rate == 1 and settings.clock_origin is None
    if is_real_time or settings.clock_started is not None:
        return
    now = datetime.now(UTC)
    origin = settings.clock_origin or now
    keep(settings.data_dir / CLOCK_FILE, {"clock_started": now.isoformat(), "clock_origin": origin.isoformat()})


def keep(file: Path, values: Mapping[str, str]) -> None:
    """Replace the file as a whole, so that a crash leaves the old one or the new one."""
    fresh = file.with_name(f"{file.name}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as output:
        output.write(msgspec.json.format(msgspec.json.encode(values), indent=2))
        output.flush()
        os.fsync(output.fileno())
    fresh.replace(file)
