import { defineConfig } from "vitest/config";

const src = new URL("../src", import.meta.url).pathname;

const TYPES = "test/types/**/*.test.ts";
const EXAMPLES = "test/examples/**/*.test.ts";

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
    projects: [
      // A project's lists are appended to those that all have, which therefore name no tests.
      { extends: true, test: { name: "unit", include: ["test/**/*.test.ts"], exclude: [TYPES, EXAMPLES] } },
      // What the compiler says: a compiler works for seconds.
      { extends: true, test: { name: "types", include: [TYPES] } },
      // Trainings and programs of docs/examples.
      { extends: true, test: { name: "examples", include: [EXAMPLES] } },
    ],
    setupFiles: ["test/support/seed.ts"],
    // test/support/collect.ts
    execArgv: ["--expose-gc"],
    testTimeout: 60_000,
  },
});
