// Drives pg-boss: large batches, fetched on while they come back full; LISTEN for the queue whose latency is measured,
// and none for the other, whose enqueues it would slow down: see peer.toml.
import { once } from "node:events";

import { connection, drive, packageOf, tell } from "../support/driving.mjs";

const { PgBoss } = await packageOf("pg-boss");
const pg = await packageOf("pg");

const SLICE = 10_000;
const BATCH = 2_000;
const FETCHERS = 4;
const PENDING = "FROM pgboss.job WHERE name = 'noop' AND state < 'active' AND NOT blocked";
const UNFINISHED = "FROM pgboss.job WHERE name = 'noop' AND state <= 'active'";

// Who only enqueues, or prepares, leaves maintenance to the workers.
async function started(options) {
  const boss = new PgBoss({ ...connection(2), supervise: false, schedule: false, ...options });
  boss.on("error", (error) => console.error(error.message));
  return boss.start();
}

async function withBoss(use) {
  const boss = await started();
  try {
    return await use(boss);
  } finally {
    await boss.stop({ graceful: false });
  }
}

async function withPool(use) {
  const pool = new pg.Pool(connection(1));
  try {
    return await use(pool);
  } finally {
    await pool.end();
  }
}

await drive({
  prepare: () =>
    withBoss(async (boss) => {
      await boss.createQueue("noop", { partition: true });
      await boss.createQueue("clocked", { notify: true });
    }),

  reset: () => withPool((pool) => pool.query("TRUNCATE pgboss.job CASCADE")),

  fill: (jobs, filled) =>
    withBoss(async (boss) => {
      for (let n = 0; n < jobs; n += SLICE) {
        const length = Math.min(SLICE, jobs - n);
        await boss.insert("noop", Array.from({ length }, (_, i) => ({ data: { n: n + i } })));
      }
      filled();
    }),

  producer: async (clients) => {
    const boss = await started({ max: clients });
    return {
      enqueue: (queue, data) => boss.send(queue, data),
      close: () => boss.stop({ graceful: false }),
    };
  },

  work: async () => {
    const boss = await started({ max: FETCHERS + 4, supervise: true, useListenNotify: true });
    const options = { batchSize: BATCH, localConcurrency: FETCHERS, burstWhenBatchFull: true, pollingIntervalSeconds: 0.5 };
    await boss.work("noop", options, async () => {});
    await boss.work("clocked", async ([job]) => tell(job.data));
    await once(process, "SIGTERM");
    await boss.stop();
  },

  left: () => withPool(async (pool) => (await pool.query(`SELECT count(*)::int AS jobs ${UNFINISHED}`)).rows[0].jobs),

  // A job that is done stays, and says when it was done.
  watcher: async () => {
    const pool = new pg.Pool(connection(1));
    const one = async (sql) => (await pool.query(sql)).rows[0];
    const none = async (which) => (await pool.query(`SELECT ${which} LIMIT 1`)).rowCount === 0;
    const span = "extract(epoch FROM max(completed_on) - min(completed_on))::float8 AS seconds";
    return {
      jobs: (await one(`SELECT count(*)::int AS jobs ${UNFINISHED}`)).jobs,
      begun: async () => true,
      done: async () => (await none(PENDING)) && (await none(UNFINISHED)),
      seconds: async () => (await one(`SELECT ${span} FROM pgboss.job WHERE state = 'completed'`)).seconds,
      close: () => pool.end(),
    };
  },
});
