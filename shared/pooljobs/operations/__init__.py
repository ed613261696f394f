"""What operators ask and order: the command line's way to the jobs, and a dashboard's."""
