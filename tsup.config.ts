import { defineConfig } from "tsup";

export default defineConfig({
  entry: {
    index: "src/index.ts",
    train: "src/train.ts",
    data: "src/data.ts",
    io: "src/io.ts",
    models: "src/models.ts",
    testing: "src/testing.ts",
  },
  format: "esm",
  target: "es2022",
  platform: "neutral",
  dts: true,
  clean: true,
  sourcemap: true,
  splitting: true,
  treeshake: true,
});
