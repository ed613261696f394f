// What the Node drivers share: how a driver is called, what it prints, and how it takes its figures.
// A driver hands its peer to `drive`; its packages are those of the environment that PEER_HOME names.
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createRequire } from "node:module";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";

const LOOK_MS = 20;
const PAUSE_MS = 100;
const WARM_UP = 40;
const SETTLE_MS = 2_000; // the second worker may still be starting

/** Milliseconds of CLOCK_MONOTONIC, the clock of the figures. */
export const now = () => Number(process.hrtime.bigint()) / 1e6;

/** A package of the peer's environment: the driver itself lives elsewhere. */
export async function packageOf(name) {
  const there = createRequire(join(process.env.PEER_HOME ?? process.cwd(), "package.json"));
  const found = await import(pathToFileURL(there.resolve(name)).href);
  return { ...found.default, ...found };
}

/** What node-postgres needs to connect; `max` connections at most. */
export const connection = (max) => ({
  host: process.env.PEER_PG_HOST,
  port: Number(process.env.PEER_PG_PORT),
  user: process.env.PEER_PG_USER,
  database: process.env.PEER_PG_DATABASE,
  max,
});

/** Runs the command on the command line. The peer has: prepare, reset, fill, producer, work, left, watcher. */
export async function drive(peer) {
  const [command, ...numbers] = process.argv.slice(2);
  const commands = {
    prepare: () => peer.prepare(),
    reset: () => peer.reset(),
    fill: (jobs) => filled(peer, jobs),
    single: (seconds, clients) => withProducer(peer, clients, (enqueue) => single(enqueue, seconds, clients)),
    clock: (jobs) => withProducer(peer, 1, (enqueue) => clock(enqueue, jobs)),
    work: () => peer.work(),
    left: async () => say({ left: await peer.left() }),
    watch: () => watch(peer),
  };
  if (!(command in commands)) throw new Error(`usage: driver ${Object.keys(commands).join("|")} [NUMBER ...]`);
  await commands[command](...numbers.map(Number));
}

/** The handler of `clock`: tells at once when it was entered, to the port that its job names. */
export function tell({ port, n }) {
  const entered = process.hrtime.bigint();
  const socket = createSocket("udp4");
  return new Promise((told) => socket.send(`${n} ${entered}`, port, "127.0.0.1", () => socket.close(told)));
}

async function filled(peer, jobs) {
  const began = now();
  await peer.fill(jobs, () => say({ jobs, seconds: (now() - began) / 1e3 }));
}

async function withProducer(peer, clients, use) {
  const producer = await peer.producer(clients);
  try {
    await use(producer.enqueue);
  } finally {
    await producer.close();
  }
}

async function single(enqueue, seconds, clients) {
  await Promise.all(Array.from({ length: clients }, (_, n) => enqueue("noop", { n }))); // each has its connection
  let jobs = 0;
  const began = now();
  const client = async () => {
    for (; now() - began < seconds * 1e3; jobs++) await enqueue("noop", { n: jobs });
  };
  await Promise.all(Array.from({ length: clients }, client));
  say({ jobs, seconds: (now() - began) / 1e3 });
}

async function clock(enqueue, jobs) {
  const receiver = createSocket("udp4");
  receiver.bind(0, "127.0.0.1");
  await once(receiver, "listening");
  const { port } = receiver.address();
  const latencies = [];
  for (let n = 0; n < jobs + WARM_UP; n++) {
    if (n >= WARM_UP) await sleep(n === WARM_UP ? SETTLE_MS : PAUSE_MS * (0.5 + Math.random()));
    const told = once(receiver, "message");
    const began = process.hrtime.bigint();
    await enqueue("clocked", { port, n });
    const [job, entered] = String((await told)[0]).split(" ");
    if (Number(job) !== n) throw new Error(`job ${job} ran instead of job ${n}`);
    if (n >= WARM_UP) latencies.push(Number(BigInt(entered) - began) / 1e6);
  }
  receiver.close();
  say({ latencies_ms: latencies });
}

// From the last look that found every job there to the first that finds none, unless the rows know better.
async function watch(peer) {
  const watcher = await peer.watcher();
  const jobs = watcher.jobs;
  say({ ready: jobs });
  let first = now();
  for (let looked = first; !(await watcher.begun()); looked = now()) {
    first = looked;
    await sleep(LOOK_MS);
  }
  while (!(await watcher.done())) await sleep(LOOK_MS);
  const last = now();
  const seconds = (await watcher.seconds?.()) ?? (last - first) / 1e3;
  say({ jobs, seconds, first_ns: Math.round(first * 1e6), last_ns: Math.round(last * 1e6) });
  await watcher.close();
}

function say(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
