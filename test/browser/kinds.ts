/** Runs in pages only: each kind of page has what it should have, and runs on the best that it allows. */
import { expect, test } from "vitest";
import { backendName, Linear, ones } from "../../src/index.js";
import { isShared } from "../../src/kernels/wasm/memory.js";
import type { PageName } from "./server.js";

const page = new URLSearchParams(location.search).get("page") as PageName;

test("the page is what its headers make of it", () => {
  expect(crossOriginIsolated).toBe(page === "isolated");
  expect("SharedArrayBuffer" in globalThis).toBe(page === "isolated");
});

test("a layer runs on the best backend that the page allows", () => {
  const y = new Linear(3, 2, { bias: false }).forward(ones([4, 3]));
  expect(y.toArray()).toEqual(Array(4).fill(y.toArray()[0]));
  if (page === "without WebAssembly") expect(backendName()).toBe("reference");
  else {
    expect(backendName()).toBe("wasm-relaxed-simd");
    expect(isShared()).toBe(page === "isolated");
  }
});
