"""``pooljobs demo``: jobs of every temper on real workers, watched live and audited afterwards."""
