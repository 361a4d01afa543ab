/** In a page: runs the test file that its address names, and keeps what came of it in `outcome`. */
import "../support/seed.js";
import { startTests, type Task } from "@vitest/runner";

export interface Outcome {
  readonly passed: number;
  readonly failed: readonly { readonly name: string; readonly message: string }[];
}

/** All tests of a task with the names that lead to them, and whatever failed to run at all. */
function collect(task: Task, path: readonly string[], passed: string[], failed: { name: string; message: string }[]) {
  const name = [...path, task.name];
  for (const error of task.result?.errors ?? []) failed.push({ name: name.join(" > "), message: told(error) });
  if (task.type === "test") {
    if (task.result?.state === "pass") passed.push(task.name);
  } else for (const child of task.tasks) collect(child, name, passed, failed);
}

interface Failure {
  readonly message: string;
  readonly stack?: string;
  readonly diff?: string;
  readonly cause?: unknown;
}

function told({ message, stack, diff, cause }: Failure): string {
  const text = [stack ?? message, diff].filter(Boolean).join("\n");
  return cause ? `${text}\nCaused by ${told(cause as Failure)}` : text;
}

async function run(): Promise<Outcome> {
  const file = new URLSearchParams(location.search).get("file")!;
  const [result] = await startTests([file], {
    config: {
      root: "/",
      setupFiles: [],
      name: undefined,
      passWithNoTests: false,
      testNamePattern: undefined,
      allowOnly: false,
      sequence: { seed: 0, hooks: "stack", setupFiles: "list" },
      chaiConfig: undefined,
      maxConcurrency: 1,
      testTimeout: 60_000,
      hookTimeout: 60_000,
      retry: 0,
      includeTaskLocation: false,
      tags: [],
      tagsFilter: undefined,
      strictTags: false,
    },
    importFile: () => import(`/out/${file.replace(/ts$/, "js")}`),
  });
  const passed: string[] = [];
  const failed: { name: string; message: string }[] = [];
  if (result) collect(result, [], passed, failed);
  return { passed: passed.length, failed };
}

declare global {
  var outcome: Promise<Outcome> | undefined;
}
globalThis.outcome = run();
