/** Import to first result of a LeNet in a new process, of the built package: what a command-line tool or a page waits for. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { verdict } from "./bars.js";
import { OURS } from "./contest.js";
import { summarize } from "./measure.js";
import { duration, spread, table } from "./table.js";

const ROOT = resolve(import.meta.dirname, "../..");
const WORK = "LeNet-5 cold start";

/** Milliseconds since the first line, without the time that other processes had the core. */
const CLOCK = `
const [from, processor] = [performance.now(), process.cpuUsage()];
const since = () => {
  const { user, system } = process.cpuUsage(processor);
  return Math.min(performance.now() - from, (user + system) / 1000);
};`;

/** Programs that print the milliseconds from their first line to their first result. */
const PROGRAMS: Readonly<Record<string, { readonly folder: string; readonly needs: string; readonly code: string }>> = {
  [OURS]: {
    folder: ROOT,
    needs: "dist/models.js",
    code: `
const { zeros } = await import("../dist/index.js");
const { LeNet5 } = await import("../dist/models.js");
const y = new LeNet5().eval().forward(zeros([1, 1, 28, 28]));
if (y.data.length === 10) console.log(since());`,
  },
  "tfjs-wasm": {
    folder: resolve(ROOT, "bench/peers"),
    needs: "node_modules/@tensorflow/tfjs-backend-wasm",
    code: `
const tf = await import("@tensorflow/tfjs-core");
const wasm = await import("@tensorflow/tfjs-backend-wasm");
(wasm.default ?? wasm).setThreadsCount(1);
await tf.setBackend("wasm");
await tf.ready();
const normal = (...shape) => tf.randomNormal(shape);
const weights = [normal(5, 5, 1, 6), normal(5, 5, 6, 16), normal(400, 120), normal(120, 84), normal(84, 10)];
const conv = (x, w, pad) => tf.maxPool(tf.relu(tf.conv2d(x, w, 1, pad)), 2, 2, "valid");
let y = conv(conv(tf.zeros([1, 28, 28, 1]), weights[0], "same"), weights[1], "valid");
y = tf.reshape(y, [1, 400]);
for (const [i, w] of weights.slice(2).entries()) y = i < 2 ? tf.relu(tf.matMul(y, w)) : tf.matMul(y, w);
if (y.dataSync().length === 10) console.log(since());`,
  },
};

export async function coldStarts(rounds: number) {
  const notes: string[] = [];
  const present = Object.entries(PROGRAMS).filter(([name, { folder, needs }]) => {
    const there = existsSync(resolve(folder, needs));
    if (!there)
      notes.push(
        `${name} was left out of ${WORK}: ${name === OURS ? "npm run build" : "npm ci --prefix bench/peers"} first.`,
      );
    return there;
  });
  const samples = present.map((): number[] => []);
  for (let round = 0; round <= rounds; round++) {
    for (const [i, [, { folder, code }]] of present.entries()) {
      const took = execFileSync(process.execPath, ["--input-type=module", "-e", CLOCK + code], {
        cwd: folder,
        encoding: "utf8",
      });
      // The first round reads the files from the disk.
      if (round > 0) samples[i]!.push(Number(took.trim().split("\n").at(-1)) / 1000);
    }
  }
  const rows = present.map(([library], i) => ({ work: WORK, library, ...summarize([samples[i]!]) }));
  const cells = rows.map(({ library, ...summary }) => [
    ...[WORK, library, duration(summary.median), spread(summary), String(summary.samples)],
    library === OURS ? verdict(WORK, "milliseconds", 1000 * summary.median) : "",
  ]);
  const heading = ["work", "library", "median", "spread", "processes", "bar and aim"];
  return { rows, text: [table(heading, cells, 2), ...notes].join("\n") };
}
