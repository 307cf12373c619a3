"""`make engines`: fetches the engines that run on Java with Maven, and takes them only as the lock files say.

`python -m runtime.engines.jars` fetches what is absent, `--lock` writes the lock files anew from what was fetched,
`--can` tells whether they could be fetched and run here.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from hashlib import sha256
from pathlib import Path

from runtime.engines.programs import ProgramMissing
from runtime.prerequisites import CannotStart

ENGINES = Path(__file__).parents[2] / ".engines"
ASKED_FOR = Path(__file__).with_name("maven")
OLDEST_JAVA = 17
FETCH_TIMEOUT_S = 600
NAMES = ("kafka", "opensearch")
SHORT_LIVED = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
"""For an engine that lives as long as some tests: it starts in two thirds of the time, and never gets as fast."""


def jars_of(engine: str) -> Path:
    """The folder with the engine's jars, as `make engines` left them. Raises ProgramMissing."""
    folder = ENGINES / engine / "lib"
    if not folder.is_dir():
        raise ProgramMissing(f"There is no {engine} in {ENGINES.name}: run `make engines` once.")
    return folder


@cache
def java_program(configured: str = "java") -> str:
    """The Java that runs them. Raises ProgramMissing."""
    found = shutil.which(configured)
    release = java_release(found) if found else 0
    if found is None or release < OLDEST_JAVA:
        what = f"this is {release}" if release else f"{configured!r} does not start"
        raise ProgramMissing(f"Kafka and OpenSearch need Java {OLDEST_JAVA} or newer, and {what}.")
    return found


def java_release(program: str) -> int:
    """Its first number, 17 of `openjdk version "17.0.15"`; 0 when it does not say."""
    try:
        done = subprocess.run([program, "-version"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.SubprocessError):
        return 0
    found = re.search(r'version "(\d+)', done.stderr)
    return int(found[1]) if found else 0


def check_runs(engine: str, java: str = "java") -> None:
    """Raises ProgramMissing when the engine is not there or nothing can run it."""
    jars_of(engine)
    java_program(java)


def lock_of(engine: str) -> Path:
    return ASKED_FOR / engine / "jars.lock"


def hashes(folder: Path) -> str:
    """One line for each jar, as `sha256sum --check` reads them."""
    return "".join(f"{sha256(jar.read_bytes()).hexdigest()}  {jar.name}\n" for jar in sorted(folder.glob("*.jar")))


def difference(locked: str, found: str) -> str:
    """What is not as it was locked, in one sentence; empty when nothing is."""
    wrong = sorted({line.split()[1] for line in set(locked.splitlines()) ^ set(found.splitlines())})
    return f"{', '.join(wrong[:3])}{' and more' if len(wrong) > 3 else ''} not as locked" if wrong else ""


def fetch(engine: str, *, locking: bool = False) -> bool:
    """Whether anything had to be fetched. Afterwards `.engines/<engine>/lib` holds what the lock file says.

    Raises:
        CannotStart: Java or Maven is missing, Maven could not fetch, or a jar is not what it was.
    """
    place = ENGINES / engine / "lib"
    if not locking and place.is_dir() and not difference(lock_of(engine).read_text(), hashes(place)):
        return False
    ENGINES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f"{engine}-in-the-making-", dir=ENGINES) as fresh:
        run_maven(engine, Path(fresh) / "lib")
        found = hashes(Path(fresh) / "lib")
        if locking:
            lock_of(engine).write_text(found)
        if wrong := difference(lock_of(engine).read_text(), found):
            raise CannotStart(f"What Maven fetched for {engine} is refused: {wrong}.")
        shutil.rmtree(place, ignore_errors=True)
        place.parent.mkdir(exist_ok=True)
        (Path(fresh) / "lib").rename(place)
    return True


def maven_program() -> str:
    """Raises CannotStart."""
    found = shutil.which("mvn")
    if found is None:
        raise CannotStart("Maven is needed to fetch Kafka and OpenSearch, and no mvn is on PATH.")
    return found


def run_maven(engine: str, folder: Path) -> None:
    maven = maven_program()
    pom = ["--file", str(ASKED_FOR / engine / "pom.xml")]
    copy = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={folder}"]
    done = subprocess.run(
        [maven, "--quiet", "--batch-mode", *pom, *copy],
        capture_output=True,
        text=True,
        timeout=FETCH_TIMEOUT_S,
        check=False,
    )
    if done.returncode != 0:
        said = next((line for line in done.stdout.splitlines() if "ERROR" in line), "it does not say why")
        raise CannotStart(f"Maven could not fetch {engine}: {said}")


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m runtime.engines.jars")
    options.add_argument("--lock", action="store_true", help="take what Maven fetches, and lock it")
    options.add_argument("--quiet", action="store_true", help="speak only of what had to be fetched")
    options.add_argument("--can", action="store_true", help="fetch nothing; fail when Java or Maven is missing")
    given = options.parse_args()
    try:
        java_program()
        if given.can:
            maven_program()
            return 0
        for engine in NAMES:
            if fetch(engine, locking=given.lock):
                sys.stdout.write(f"{engine}: fetched, and every jar is as locked\n")
            elif not given.quiet:
                sys.stdout.write(f"{engine}: there, and every jar is as locked\n")
    except (CannotStart, ProgramMissing) as reason:
        sys.stderr.write(f"Cannot fetch the engines. {reason}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
