"""All examples as one application, so that one fleet runs them."""

from __future__ import annotations

from examples import crawler, from_sql, greet, invoices, newsletter, payments, reminders, signup, tenants, withdraw

from pooljobs import PoolJobs

EXAMPLES = (greet, reminders, signup, newsletter, from_sql, payments, invoices, withdraw, crawler, tenants)

app = PoolJobs()
for example in EXAMPLES:
    for task in example.app.registry.values():
        app._register(task)
app.hooks.around.extend(tenants.app.hooks.around)
app.hooks.on_failure.extend(tenants.app.hooks.on_failure)
