"""The command line: one module a command, and what they share. Built and run by ``pooljobs.__main__``."""
