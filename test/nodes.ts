/** `npm run test:nodes`: the suite on Node 20, 24 and 26, fetched as packages of npm, or on the versions that are named. */
import { spawnSync } from "node:child_process";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { nodeOf } from "./support/cache.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const vitest = [join(root, "node_modules/vitest/vitest.mjs"), "run", "--config", "test/vitest.config.ts"];
const named = process.argv.slice(2);

for (const version of named.length > 0 ? named : ["20", "24", "26"]) {
  const node = nodeOf(version);
  // Tests that start programs start those of this version too.
  const env = { ...process.env, PATH: [dirname(node), process.env.PATH].join(delimiter) };
  const { stdout } = spawnSync(node, ["--version"], { encoding: "utf8" });
  console.log(`\n== Node ${stdout.trim()}`);
  const { status } = spawnSync(node, vitest, { cwd: root, env, stdio: "inherit" });
  if (status !== 0) process.exitCode = 1;
}
