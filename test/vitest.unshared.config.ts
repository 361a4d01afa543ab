/** `npm run test:unshared`: the suite as in a page that is not cross-origin isolated, with a memory that always grows. */
import { defineConfig, mergeConfig } from "vitest/config";
import config from "./vitest.config.js";

export default mergeConfig(
  config,
  defineConfig({
    test: {
      setupFiles: ["test/setup/unshared.ts"],
      // The compiler and processes of their own do not see this mode; threads and benchmarks need memory that is shared.
      exclude: ["test/types/**", "test/dropped.test.ts", "test/bench/**", "test/kernels/worker.test.ts"],
    },
  }),
);
