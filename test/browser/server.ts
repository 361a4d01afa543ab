/** Pages as the web serves them: the same files under headers that decide what a page may do. */
import { readFileSync } from "node:fs";
import { createServer, type OutgoingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { extname } from "node:path";
import { build } from "esbuild";

export const PAGES = {
  /** Cross-origin isolated: has SharedArrayBuffer. */
  isolated: { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" },
  /** As most pages are: memory cannot be shared. */
  ordinary: {},
  /** Its policy forbids to compile WebAssembly. */
  "without WebAssembly": { "Content-Security-Policy": "script-src 'self'" },
} satisfies Record<string, OutgoingHttpHeaders>;

export type PageName = keyof typeof PAGES;

/** Packages that run in pages. */
const IN_PAGES = new Set(["vitest", "fast-check"]);

const TYPES: Record<string, string> = { ".js": "text/javascript", ".json": "application/json", ".html": "text/html" };
const FIXTURES = new URL("../fixtures/", import.meta.url);
const ROOT = new URL("../../", import.meta.url).pathname;
const shim = (name: string) => new URL(name, import.meta.url).pathname;

/** Files by their path on the server. */
export type Files = ReadonlyMap<string, string | Uint8Array>;

/** Those of these test files that use nothing of Node, but for the fixtures that they read. */
export async function forPages(files: readonly string[]): Promise<string[]> {
  const options = { bundle: true, format: "esm", platform: "node", packages: "external", write: false } as const;
  const { metafile } = await build({
    ...options,
    absWorkingDir: ROOT,
    entryPoints: [...files],
    outdir: "/out",
    metafile: true,
  });
  /** Whether a file needs more than a page has, by itself or by what it imports. */
  const known = new Map<string, boolean>([["test/support/fixtures.ts", false]]);
  const needsNode = (file: string): boolean => {
    const before = known.get(file);
    if (before !== undefined) return before;
    known.set(file, false);
    const imports = metafile.inputs[file]?.imports.filter(({ kind }) => kind === "import-statement") ?? [];
    const needs = imports.some(({ path, external }) => (external ? !IN_PAGES.has(path) : needsNode(path)));
    known.set(file, needs);
    return needs;
  };
  return files.filter((file) => !needsNode(file));
}

/** Bundles these files of the project for pages: `test/layers/linear.test.ts` is `/out/test/layers/linear.test.js` there. */
export async function bundled(entryPoints: readonly string[]): Promise<Files> {
  const { FAST_CHECK_SEED, FAST_CHECK_RUNS } = process.env;
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: [...entryPoints],
    outdir: "/out",
    outbase: ".",
    bundle: true,
    splitting: true,
    format: "esm",
    target: "es2022",
    write: false,
    // Tests and their setup are there for what they do, not for what they export.
    ignoreAnnotations: true,
    // Messages are tested word for word, and some name a class.
    keepNames: true,
    define: { "process.env": JSON.stringify({ FAST_CHECK_SEED, FAST_CHECK_RUNS }) },
    alias: { vitest: shim("vitest.ts"), "node:fs": shim("fs.ts") },
    // Optional packages, and what Node has: where a program asks for it only when it needs it, a page never does.
    external: ["fast-png", "jpeg-js", "node:*"],
  });
  return new Map(outputFiles.map(({ path, contents }) => [path, contents]));
}

/** A server of these files, as each kind of page would have it. */
export async function serve(files: Files): Promise<{ readonly origins: Record<PageName, string>; close(): void }> {
  const servers = Object.values(PAGES).map((headers: OutgoingHttpHeaders) =>
    createServer(({ url = "" }, response) => {
      const { pathname } = new URL(url, "http://localhost");
      const fixture = /\/fixtures\/(\w+\.json)$/.exec(pathname)?.[1];
      const body = fixture ? readFileSync(new URL(fixture, FIXTURES)) : files.get(pathname);
      response.writeHead(body === undefined ? 404 : 200, {
        ...headers,
        "Content-Type": TYPES[extname(pathname)] ?? "application/octet-stream",
      });
      response.end(body);
    }),
  );
  const origins = await Promise.all(
    servers.map(
      (server) =>
        new Promise<string>((resolve) => {
          server.listen(0, "localhost", () => resolve(`http://localhost:${(server.address() as AddressInfo).port}`));
        }),
    ),
  );
  const named = Object.fromEntries(Object.keys(PAGES).map((name, i) => [name, origins[i]]));
  return {
    origins: named as Record<PageName, string>,
    close: () => {
      for (const server of servers) server.close();
    },
  };
}
