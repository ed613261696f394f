"""The log of all pooljobs processes: one line a record, as text for people or JSON for machines.

``pooljobs serve`` configures it once, before it forks; each child then only gives its name.
"""

from pooljobs.logs.application_logging import room_for_application
from pooljobs.logs.configure import configure, flush, never_wait, terminal
from pooljobs.logs.process_name import name_process, process_name

__all__ = ["configure", "flush", "name_process", "never_wait", "process_name", "room_for_application", "terminal"]
