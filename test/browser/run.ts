/**
 * `npm run test:browser`: the core of the suite in Chromium: in a page that is cross-origin isolated, in an ordinary one,
 * and in one whose policy forbids WebAssembly. Each file of tests runs in a page of its own.
 */
import { readdirSync } from "node:fs";
import { basename } from "node:path";
import { program } from "commander";
import type { BrowserContext } from "playwright-core";
import { findChromium, launch } from "./chromium.js";
import type { Outcome } from "./page.js";
import { bundled, forPages, type PageName, serve } from "./server.js";

program
  .name("npm run test:browser --")
  .description("Runs the core of the suite in Chromium: the one that CHROMIUM names, or the first on the PATH.")
  .argument("[files...]", "only files whose path contains one of these")
  .option("--optional", "a machine without Chromium is no error")
  .parse();
const { optional } = program.opts<{ optional?: true }>();

const folder = (name: string) => readdirSync(`test/${name}`).map((file) => `test/${name}/${file}`);
const found = ["bits", "kernels", "layers", "memory", "tensor", "train"]
  .flatMap(folder)
  .concat("test/conformance.test.ts", "test/conformance-train.test.ts", "test/models/lenet5.test.ts")
  // The last plays an ordinary page in Node.
  .filter((file) => file.endsWith(".test.ts") && !file.endsWith("wasm-unshared.test.ts"));
const core = await forPages(found);

const KINDS = "test/browser/kinds.ts";

const FILES: Record<PageName, readonly string[]> = {
  isolated: [KINDS, ...core],
  ordinary: [KINDS, ...core],
  // What it is about is WebAssembly in the other ones.
  "without WebAssembly": [KINDS, ...core.filter((file) => /\/train\/(?!tracking)/.test(file))],
};

const executable = findChromium();
if (executable) await main(executable);
else {
  console.log("no Chromium found: browser tests not run");
  if (!optional) process.exitCode = 1;
}

async function main(chromium: string): Promise<void> {
  const wanted = (file: string) => program.args.length === 0 || program.args.some((part) => file.includes(part));
  const html = `<!doctype html><script type="module" src="/out/test/browser/page.js"></script>`;
  const files = new Map([...(await bundled(["test/browser/page.ts", KINDS, ...core])), ["/page.html", html]]);
  const { origins, close } = await serve(files);
  const browser = await launch(chromium, "--js-flags=--expose-gc");
  try {
    const left = found.filter((file) => !core.includes(file)).map((file) => basename(file, ".test.ts"));
    console.log(`Chromium ${browser.version()}. Not for pages, as they use Node: ${left.join(", ")}.`);
    for (const name of Object.keys(FILES) as PageName[]) {
      const context = await browser.newContext();
      const left = FILES[name].filter(wanted);
      const start = performance.now();
      let [passed, failed] = [0, 0];
      const work = async () => {
        for (let file = left.shift(); file; file = left.shift()) {
          const outcome = await run(context, `${origins[name]}/page.html?page=${name}&file=${file}`);
          passed += outcome.passed;
          failed += outcome.failed.length;
          for (const { name: test, message } of outcome.failed) console.log(`\nFAIL ${name} page, ${test}\n${message}`);
        }
      };
      await Promise.all([work(), work()]);
      await context.close();
      const seconds = ((performance.now() - start) / 1000).toFixed(0);
      console.log(`${name} page: ${passed} passed, ${failed} failed in ${seconds} s`);
      if (failed > 0) process.exitCode = 1;
    }
  } finally {
    await browser.close();
    close();
  }
}

/** What came of a page; one that crashes, hangs or does not load has failed. */
async function run(context: BrowserContext, address: string): Promise<Outcome> {
  const page = await context.newPage();
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(error.stack ?? String(error)));
  const gone = new Promise<never>((_, reject) => {
    page.on("crash", () => reject(new Error("The page crashed.")));
    setTimeout(() => reject(new Error("The page took more than five minutes.")), 300_000).unref();
  });
  gone.catch(() => undefined);
  try {
    await page.goto(address);
    const outcome = await Promise.race([page.evaluate(() => globalThis.outcome), gone]);
    if (outcome && outcome.passed + outcome.failed.length > 0) return outcome;
    throw new Error("The page ran no test.");
  } catch (error) {
    return { passed: 0, failed: [{ name: address, message: [error, ...errors].join("\n") }] };
  } finally {
    await page.close();
  }
}
