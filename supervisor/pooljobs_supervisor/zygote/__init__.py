"""``--preload``: a process that imports the application once and forks the workers, so that they share its memory.

The supervisor runs no user code, so it has this done by a child, a *zygote*. A zygote is forked by the supervisor and
LOADs: it imports the application, makes sure that the process may be forked at all (``fork_safe_loading.py``), and
takes what is there out of the garbage collector's hands. Then it is READY, says so through its line, and forks a worker
whenever it is asked (``zygote_main.py``). A worker becomes the supervisor's own child: the process between them ends at
once, and the kernel hands the orphan to the supervisor (``subreaper.py``). So all that holds for workers holds for
these too.

For each worker that it asks for, the supervisor makes a pipe and gives the write end away (``spawn_requests.py``). The
worker writes its pid into it as soon as it is what a direct fork would have made of it; if there is none, the pipe
ends. So there is always an answer, however many of those between are killed, and nobody has to be believed.

``zygote_state.py`` decides: one zygote is wanted, of the newest code. At a reload another one loads beside it, and
takes its place. The older one stays until a worker with the new code is READY, and is the only one again if none ever
is. A zygote that dies is replaced. Once no worker is to be forked any more, all are ended. ``manager.py`` has the
effects, ``preload.py`` brings the two together on every tick of the loop.
"""
