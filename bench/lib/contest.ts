/** The same work by this library and by others, in turns: no figure without an output that agrees with this library's. */
import { backendName } from "../../src/kernels/backend.js";
import { convnetjs } from "../peers/convnet.js";
import { jaxJs } from "../peers/jax.js";
import { onnxruntimeNode, onnxruntimeWeb } from "../peers/onnx.js";
import type { Job, Peer } from "../peers/peer.js";
import { tfjsCpu, tfjsWasm } from "../peers/tfjs.js";
import { torch } from "../peers/torch.js";
import { barOf, verdict } from "./bars.js";
import { type Contestant, inTurns, type Summary, summarize } from "./measure.js";
import { progress } from "./progress.js";
import type { Chart } from "./report.js";
import { digits, duration, spread, table } from "./table.js";

export const OURS = "faltung";
/** Distance of an output from this library's, by its length, above which it is not the same work. */
const TOLERANCE = 1e-3;

export interface Work {
  readonly name: string;
  readonly sizes: string;
  readonly flops: number;
  /** Whether the peer offers it at all. */
  readonly offeredBy: (peer: Peer) => boolean;
  /** This library's ways of doing it; the first is what the ratios are to. */
  readonly ours: () => { readonly output: Float32Array; readonly ways: readonly Contestant[] };
  readonly theirs: (peer: Peer) => Promise<Job | undefined> | undefined;
}

export interface Row extends Summary {
  readonly work: string;
  readonly sizes: string;
  readonly flops: number;
  readonly library: string;
  /** What it runs on: this library's backend with its kind of SIMD, the other's version. */
  readonly on: string;
  /** Speed of this library : speed of that one. */
  readonly ratio: number;
  /** Distance of its output from this library's, by its length. */
  readonly error: number;
}

export interface Contest {
  readonly rows: readonly Row[];
  readonly versions: Readonly<Record<string, string>>;
  /** Sentences about what was left out, and why. */
  readonly notes: readonly string[];
}

interface Note {
  readonly peer: string;
  readonly work: string;
  readonly cause: string;
}

const OPENERS: Readonly<Record<string, () => Promise<Peer>>> = {
  PyTorch: torch,
  "onnxruntime-node": onnxruntimeNode,
  "onnxruntime-web": onnxruntimeWeb,
  "tfjs-wasm": tfjsWasm,
  "tfjs-cpu": tfjsCpu,
  ConvNetJS: convnetjs,
  "jax-js": jaxJs,
};
export const PEERS = Object.keys(OPENERS);

export async function contest(
  works: readonly Work[],
  names: readonly string[],
  { rounds, seconds }: { readonly rounds: number; readonly seconds: number },
): Promise<Contest> {
  const notes: Note[] = [];
  const peers: Peer[] = [];
  for (const name of names) {
    try {
      peers.push(await OPENERS[name]!());
    } catch (error) {
      const missing = (error as NodeJS.ErrnoException).code === "ERR_MODULE_NOT_FOUND";
      const cause = missing ? "it is not installed: npm ci --prefix bench/peers" : firstLine(error);
      notes.push({ peer: name, work: "everything", cause });
    }
  }
  const rows: Row[] = [];
  const bar = progress(works.length);
  try {
    for (const work of works) {
      bar.advance(work.name);
      rows.push(...(await one(work, peers, { rounds, seconds, fewest: 2 }, notes)));
    }
  } finally {
    bar.stop();
    for (const peer of peers) peer.close?.();
  }
  return {
    rows,
    versions: Object.fromEntries(peers.map(({ name, version }) => [name, version])),
    notes: sentences(notes),
  };
}

async function one(
  { name: work, sizes, flops, offeredBy, ours, theirs }: Work,
  peers: readonly Peer[],
  turns: Parameters<typeof inTurns>[1],
  notes: Note[],
): Promise<Row[]> {
  const { output, ways } = ours();
  const contestants: Contestant[] = [...ways];
  const on = ways.map((): string => backendName());
  const errors = ways.map(() => 0);
  for (const peer of peers.filter(offeredBy)) {
    if (flops > (peer.most ?? Infinity)) {
      notes.push({ peer: peer.name, work, cause: "one run takes too long" });
      continue;
    }
    try {
      const job = await theirs(peer);
      if (!job) continue;
      const error = distance(job.output, output);
      if (!(error <= TOLERANCE)) throw new Error(`its output is ${error.toExponential(1)} away from ours`);
      contestants.push({ name: peer.name, sample: job.sample });
      errors.push(error);
      on.push(peer.version);
    } catch (error) {
      notes.push({ peer: peer.name, work, cause: firstLine(error) });
    }
  }
  const summaries = (await inTurns(contestants, turns)).map(summarize);
  return summaries.map((summary, i) => ({
    ...{ work, sizes, flops, library: contestants[i]!.name, on: on[i]!, ...summary },
    ratio: summary.median / summaries[0]!.median,
    error: errors[i]!,
  }));
}

/** ‖a − b‖ / ‖b‖ over as many numbers as both have; one is enough of a loss. */
export function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [difference, length] = [0, 0];
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    difference += (a[i]! - b[i]!) ** 2;
    length += b[i]! ** 2;
  }
  return Math.sqrt(difference / length);
}

export function contestTable(rows: readonly Row[]): string {
  const cells = rows.map((row, i) => {
    const { work, sizes, flops, library, on, median, ratio, error } = row;
    const first = rows[i - 1]?.work !== work;
    const ours = library.startsWith(OURS);
    return [
      first ? work : "",
      first ? sizes : "",
      library,
      on,
      duration(median),
      spread(row),
      digits(flops / median / 1e9),
      library === OURS ? "" : digits(ratio),
      ours ? "" : error.toExponential(0),
      ours ? "" : verdict(work, library, ratio),
    ];
  });
  const heading = [
    "work",
    "sizes",
    "library",
    "on",
    "median",
    "spread",
    "GFLOP/s",
    `${OURS} : it`,
    "error",
    "bar and aim",
  ];
  return table(heading, cells, 4);
}

export function contestChart(title: string, rows: readonly Row[]): Chart {
  const speed = ({ flops }: Row, seconds: number) => flops / seconds / 1e9;
  return {
    title,
    label: "GFLOP/s, median and quartiles",
    log: true,
    bars: rows.map((row) => ({
      ...{ group: row.work, name: row.library, value: speed(row, row.median) },
      ...{ low: speed(row, row.high), high: speed(row, row.low) },
    })),
  };
}

/** Results with the bar and aim of each, for the JSON file. */
export function withBars(rows: readonly Row[]) {
  return rows.map((row) => ({ ...row, ...barOf(row.work, row.library) }));
}

/** One sentence for all works that a peer was left out of for the same cause. */
function sentences(notes: readonly Note[]): string[] {
  const works = new Map<string, Note[]>();
  for (const note of notes)
    works.set(`${note.peer}: ${note.cause}`, [...(works.get(`${note.peer}: ${note.cause}`) ?? []), note]);
  return [...works.values()].map((same) => {
    const { peer, cause } = same[0]!;
    return `${peer} was left out of ${same.map(({ work }) => work).join(", ")}: ${cause}.`;
  });
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0]!.replace(/\.$/, "");
}
