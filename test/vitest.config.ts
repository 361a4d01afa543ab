import { defineConfig } from "vitest/config";

const src = new URL("../src", import.meta.url).pathname;

export default defineConfig({
  // The examples import the package by its name, as a user's program does.
  resolve: {
    alias: [
      { find: /^faltung$/, replacement: `${src}/index.ts` },
      { find: /^faltung\/([^/]+)$/, replacement: `${src}/$1.ts` },
    ],
  },
  test: {
    root: new URL("..", import.meta.url).pathname,
    include: ["test/**/*.test.ts"],
    setupFiles: ["test/support/seed.ts"],
    // test/support/collect.ts
    execArgv: ["--expose-gc"],
    testTimeout: 60_000,
  },
});
