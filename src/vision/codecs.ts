/** The optional packages that read JPEG and write PNG, loaded when the first picture needs them. */
import { StateError } from "../shape/errors.js";

/* `import` stands in a `try` of its own each time: then bundlers leave out a package that is not installed. */

export async function loadJpegJs(who: string): Promise<typeof import("jpeg-js")> {
  try {
    const loaded = await import("jpeg-js");
    return loaded.default ?? loaded; // a CommonJS module: not every loader finds its names
  } catch (cause) {
    throw missing(who, "jpeg-js", "a JPEG file", cause);
  }
}

export async function loadFastPng(who: string): Promise<typeof import("fast-png")> {
  try {
    return await import("fast-png");
  } catch (cause) {
    throw missing(who, "fast-png", "a PNG file", cause);
  }
}

function missing(who: string, name: string, what: string, cause: unknown): StateError {
  const error = new StateError(
    `${who} expects the package ${name} for ${what}, but it cannot be loaded. Usual cause: it is optional and not installed: npm install ${name}.`,
  );
  error.cause = cause;
  return error;
}
