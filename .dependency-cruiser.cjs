/** The rooms of src/, top to bottom: a room imports from rooms below it only. */
const rooms = ["models", "vision", "train", "data", "io", "layers", "graph", "ops", "kernels", "tensor", "shape"];

module.exports = {
  forbidden: [
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
    { name: "no-orphans", severity: "error", from: { orphan: true, pathNot: "^src/[^/]+\\.ts$" }, to: {} },
    {
      name: "no-barrel-inside-rooms",
      comment: "Entry points lie in src/ itself; inside a room every file is imported by its own name.",
      severity: "error",
      from: {},
      to: { path: "^src/[^/]+/.*index\\.ts$" },
    },
    {
      name: "no-entry-from-rooms",
      severity: "error",
      from: { path: "^src/[^/]+/" },
      to: { path: "^src/[^/]+\\.ts$" },
    },
    {
      name: "no-runtime-dependency",
      comment: "But for the optional packages that know JPEG and PNG, which one file loads when it needs them.",
      severity: "error",
      from: { path: "^src", pathNot: "^src/node/" },
      to: { pathNot: "^src|node_modules/(jpeg-js|fast-png)/|^(jpeg-js|fast-png)$" },
    },
    {
      name: "node-has-an-entry-of-its-own",
      comment: "What needs Node's modules runs in no browser: nothing else may import it.",
      severity: "error",
      from: { path: "^src", pathNot: "^src/node" },
      to: { path: "^src/node" },
    },
    {
      name: "optional-packages-in-one-place",
      severity: "error",
      from: { path: "^src", pathNot: "^src/vision/codecs\\.ts$" },
      to: { path: "jpeg-js|fast-png" },
    },
    ...rooms.slice(1).map((room, i) => ({
      name: `imports-point-down: ${room}`,
      severity: "error",
      from: { path: `^src/${room}/` },
      to: { path: `^src/(${rooms.slice(0, i + 1).join("|")})/` },
    })),
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    doNotFollow: { path: "node_modules" },
  },
};
