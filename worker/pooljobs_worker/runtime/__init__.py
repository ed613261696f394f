"""The worker's own process around the handlers: its state, garbage, memory, interrupts, forks."""
