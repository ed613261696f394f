"""What a handler meets while it runs: its context, its application's state, interrupts, completion by itself."""
