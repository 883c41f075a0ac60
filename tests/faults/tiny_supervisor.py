"""The real supervisor with tiny_actor.py and short times.

tiny_supervisor.py RUN_DIR [guarded [again]]     the supervisor
tiny_supervisor.py RUN_DIR warm ORDER            a guardian that forks it
"""

import errno
import os
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from actors import config, host, program  # noqa: E402
from actors.commands import start  # noqa: E402
from actors.core.supervision import kinds  # noqa: E402
from actors.errors import FramewireError  # noqa: E402
from actors.supervision import forking, guardian, process_tree  # noqa: E402
from actors.supervision.invocation import Invocation  # noqa: E402
from actors.supervision.warm import Warm  # noqa: E402

ENTRY = "tests.faults.tiny_actor"


def fail_when_asked(run_dir: Path) -> None:
    """Let the supervisor fail, once, when the file `fail` is there."""
    sample = process_tree.Supervisor._sample

    def failing(self: process_tree.Supervisor, now_s: float) -> None:
        if (run_dir / "fail").exists():
            (run_dir / "fail").unlink()
            raise RuntimeError("on purpose")
        sample(self, now_s)

    process_tree.Supervisor._sample = failing  # type: ignore[method-assign]


def cannot_rename(command: list[str], name: str) -> None:
    raise OSError(errno.ENOTSUP, "on purpose")


def guard(order: str) -> int:
    """Run the guardian."""
    return guardian.guard(order, Warm(lambda command: sys.exit(main(command[2:])), ENTRY))


def main(arguments: list[str]) -> int:
    run_dir = Path(arguments[0])
    (run_dir / "code").touch()  # its content is the stamp of the code
    program.code_stamp = lambda: int((run_dir / "code").read_text() or "1")
    if arguments[1:2] == ["warm"]:
        return guard(arguments[2])
    fail_when_asked(run_dir)
    guarded = len(arguments) > 1
    if (run_dir / "lamp.row").exists():  # a kind of process of the test's own: one row
        kinds.KINDS = (*kinds.KINDS, kinds.Kind("lamp", "tests.lamp", reads=("queue",), stage=1))
    if (run_dir / "template.missing").exists():
        kinds.KINDS = (kinds.Kind(kinds.TEMPLATE, "tests.faults.missing", "templates", optional=True), *kinds.KINDS[1:])
    if (run_dir / "rename.fails").exists():
        host.rename = cannot_rename
    if (run_dir / "answer_s").exists():
        forking.ANSWER_S = float((run_dir / "answer_s").read_text())  # type: ignore[misc]
    settings = config.load(run_dir / "tiny.toml", [f"run_dir={run_dir}"])
    usual = config.load(None, ["demo=true", f"supervisor.spawn={settings.supervisor.spawn}"])
    plan = (settings if (run_dir / "lamp.row").exists() else usual).children()
    invocation = Invocation(os.getppid() if guarded else None, True, "again" in arguments, time.monotonic())
    try:
        return start.supervise(settings, invocation, plan, ENTRY)
    except FramewireError as error:
        print(f"error: {error}", file=sys.stderr)
        return 3


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
