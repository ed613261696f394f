// Drives graphile-worker by its library, with the preset of its page on performance: see peer.toml.
import { connection, drive, packageOf, tell } from "../support/driving.mjs";

const worker = await packageOf("graphile-worker");
const pg = await packageOf("pg");

const SLICE = 10_000;
const CONCURRENT_JOBS = 24;
const JOBS = "graphile_worker._private_jobs";
const logger = new worker.Logger(() => (level, message) => {
  if (level === "error") console.error(message);
});
const preset = {
  worker: {
    concurrentJobs: CONCURRENT_JOBS,
    localQueue: { size: 500 },
    completeJobBatchDelay: 0,
    failJobBatchDelay: 0,
    logger,
  },
};

// The library asks for handlers of what happens to idle connections.
function poolOf(max) {
  const failed = (error) => console.error(error.message);
  return new pg.Pool(connection(max)).on("error", failed).on("connect", (client) => client.on("error", failed));
}

async function withPool(use, max = 1) {
  const pool = poolOf(max);
  try {
    return await use(pool);
  } finally {
    await pool.end();
  }
}

async function utilsOf(pool) {
  return worker.makeWorkerUtils({ preset, pgPool: pool });
}

await drive({
  prepare: () => withPool((pgPool) => worker.runMigrations({ preset, pgPool })),

  reset: () => withPool((pool) => pool.query(`TRUNCATE ${JOBS}`)),

  fill: (jobs, filled) =>
    withPool(async (pool) => {
      const utils = await utilsOf(pool);
      for (let n = 0; n < jobs; n += SLICE) {
        const length = Math.min(SLICE, jobs - n);
        await utils.addJobs(Array.from({ length }, (_, i) => ({ identifier: "noop", payload: { n: n + i } })));
      }
      filled();
      await utils.release();
    }),

  producer: async (clients) => {
    const pool = poolOf(clients);
    const utils = await utilsOf(pool);
    return {
      enqueue: (task, payload) => utils.addJob(task, payload),
      close: async () => {
        await utils.release();
        await pool.end();
      },
    };
  },

  work: () =>
    withPool(async (pgPool) => {
      const runner = await worker.run({ preset, pgPool, taskList: { noop: () => {}, clocked: tell } });
      await runner.promise;
    }, CONCURRENT_JOBS + 1),

  left: () =>
    withPool(async (pool) => {
      const { rows } = await pool.query(`SELECT count(*)::int AS jobs FROM ${JOBS}`);
      return rows[0].jobs;
    }),

  // A job that is done is deleted. The oldest goes with the first batch, and the newest stay until the end: looking for
  // those by the primary key costs the server next to nothing.
  watcher: async () => {
    const pool = poolOf(1);
    const { rows } = await pool.query(`SELECT count(*)::int AS jobs, min(id) AS oldest FROM ${JOBS}`);
    const { jobs, oldest } = rows[0];
    const none = async (rest, values) => (await pool.query(`SELECT FROM ${JOBS} ${rest}`, values)).rowCount === 0;
    return {
      jobs,
      begun: () => none("WHERE id = $1", [oldest]),
      done: () => none("ORDER BY id DESC LIMIT 1"),
      close: () => pool.end(),
    };
  },
});
