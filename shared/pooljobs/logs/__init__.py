"""The log of all pooljobs processes: one line a record, as text for people or JSON for machines.

``pooljobs serve`` configures it once, before it forks; each child then only gives its name.
"""

from pooljobs.logs.configure import configure, terminal
from pooljobs.logs.process_name import name_process, process_name

__all__ = ["configure", "name_process", "process_name", "terminal"]
