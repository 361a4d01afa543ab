/** Memory of loops that drop their models, in a process of Node or in the process of a page. */
import { readFileSync } from "node:fs";
import type { Browser } from "playwright-core";
import { bundled, type PageName, serve } from "../../test/browser/server.js";
import type { Dropping, Resident } from "../children/dropped.js";
import { child } from "./child.js";

const PROGRAM = "bench/children/dropped.ts";

/** In a process of Node of its own. */
export function inNode(dropping: Dropping): Promise<Resident> {
  return child<Resident>("dropped.ts", JSON.stringify(dropping));
}

/** In pages of this browser; Linux tells the memory of their processes. */
export async function pages(browser: Browser) {
  const script = '<!doctype html><script type="module" src="/out/bench/children/dropped.js"></script>';
  const { origins, close } = await serve(new Map([...(await bundled([PROGRAM])), ["/page.html", script]]));

  async function inPage(name: PageName, dropping: Dropping): Promise<Resident> {
    const context = await browser.newContext();
    const page = await context.newPage();
    const session = await browser.newBrowserCDPSession();
    /** What a process has worked, and its memory. */
    const renderers = async () => {
      const { processInfo } = await session.send("SystemInfo.getProcessInfo");
      return processInfo
        .filter(({ type }) => type === "renderer")
        .map(({ id, cpuTime }) => ({ id, cpuTime, ...memoryOf(id) }));
    };
    try {
      await page.goto(`${origins[name]}/page.html`);
      const before = await renderers();
      const tenth = Math.ceil(dropping.count / 10);
      await page.evaluate(([first]) => globalThis.drop?.(first), [{ ...dropping, count: tenth }] as const);
      const early = await renderers();
      await page.evaluate(([all, from]) => globalThis.drop?.(all, from), [dropping, tenth] as const);
      // There are others, which do nothing: the browser keeps one for the next page.
      const after = (await renderers()).map((process) => {
        const at = (earlier: typeof before) =>
          earlier.find(({ id }) => id === process.id) ?? { ...process, cpuTime: 0 };
        return {
          ...process,
          worked: process.cpuTime - at(early).cpuTime,
          before: at(before).now,
          early: at(early).now,
        };
      });
      const own = after.reduce((most, process) => (process.worked > most.worked ? process : most));
      return { before: own.before, early: own.early, after: own.now, peak: own.peak };
    } finally {
      await context.close();
    }
  }

  return { inPage, close };
}

/** Resident memory of a process, now and at its peak. */
function memoryOf(id: number): { readonly now: number; readonly peak: number } {
  const status = readFileSync(`/proc/${id}/status`, "utf8");
  const bytes = (field: string) => 1024 * Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]);
  return { now: bytes("VmRSS"), peak: bytes("VmHWM") };
}
