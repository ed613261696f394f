"""The application as its author writes it: ``PoolJobs``, what ``@app.job`` says and makes, how ``--app`` finds it."""
