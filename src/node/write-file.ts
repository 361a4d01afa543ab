/** Files that are never half written: for checkpoints, whose program may be killed at any time. */
import { open, readdir, realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { refuse } from "../shape/check.js";
import { ArgumentError } from "../shape/errors.js";

/**
 * Writes a file so that whoever opens it finds what was there before or all of `data`, never a part: also when the program
 * is killed or the machine loses power in between. It writes a file beside it, waits until that is on the disk, and renames
 * it; an existing file's mode is kept, and a symbolic link is followed. (`fs.writeFile` empties the file first.)
 *
 * What a killed call leaves beside the file, `.<name>.<process>-<random>.tmp`, the next call for the same file removes.
 *
 * @param path the file's path, or its `file:` URL
 * @throws ArgumentError for a path or data of another kind, and where there is no folder to write to; the system's error when
 *   it cannot be written for another reason, and then nothing has changed
 * @example
 * import { writeFileAtomic } from "faltung/node";
 * await fit(model, loader, { loss, optimizer, checkpoint: { save: (bytes) => writeFileAtomic("run.ckpt", bytes) } });
 */
export async function writeFileAtomic(
  path: string | { readonly href: string },
  data: Uint8Array | string,
): Promise<void> {
  // The class URL has no name where a program's types have neither the DOM's nor Node's.
  const href = (path as Partial<URL> | null | undefined)?.href;
  if (!(typeof path === "string" || (typeof href === "string" && href.startsWith("file:")))) {
    refuse("writeFileAtomic", "path", "a string or a file: URL", href ?? path);
  }
  if (!(typeof data === "string" || data instanceof Uint8Array)) {
    const cause =
      (data as unknown) instanceof Promise ? "a missing await" : "tensors instead of the bytes of writeSafetensors";
    refuse("writeFileAtomic", "data", "a Uint8Array or a string", data, cause);
  }
  const named = typeof path === "string" ? path : fileURLToPath(path.href);
  const file = await realpath(named)
    .catch(unlessMissing(named))
    .catch(refuseMissing(dirname(named)));
  const mode = await stat(file).then((stats) => stats.mode & 0o7777, unlessMissing(undefined));
  const folder = dirname(file);
  // Far from the 255 bytes that a name may have.
  const prefix = `.${basename(file).slice(0, 40)}.`;
  await removeLeftOvers(folder, prefix).catch(refuseMissing(folder));
  const temporary = join(folder, `${prefix}${process.pid}-${crypto.randomUUID().slice(0, 8)}.tmp`);
  try {
    const handle = await open(temporary, "wx", mode ?? 0o666);
    try {
      await handle.writeFile(data);
      if (mode !== undefined) await handle.chmod(mode);
      // Without it, the name may reach the disk before the content does.
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(folder);
}

/** Files of earlier calls whose process is gone. */
async function removeLeftOvers(folder: string, prefix: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.startsWith(prefix)) continue;
    const [, id] = /^(\d+)-[0-9a-f]{8}\.tmp$/.exec(name.slice(prefix.length)) ?? [];
    if (id !== undefined && !isRunning(Number(id))) await rm(join(folder, name), { force: true });
  }
}

function isRunning(id: number): boolean {
  try {
    return process.kill(id, 0);
  } catch (error) {
    return (error as { code?: unknown }).code !== "ESRCH";
  }
}

/** The new name is on the disk, too. Where folders cannot be opened (Windows), the system sees to it in its own time. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r").catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}

/** Takes an error that a file is not there as `value`. */
function unlessMissing<T>(value: T): (error: unknown) => T {
  return (error) => {
    if ((error as { code?: unknown }).code === "ENOENT") return value;
    throw error;
  };
}

/** Tells of a folder that is missing, or is a file. */
function refuseMissing(folder: string): (error: unknown) => never {
  return (error) => {
    if (!/^ENO(ENT|TDIR)$/.test(String((error as { code?: unknown }).code))) throw error;
    throw new ArgumentError(
      `writeFileAtomic expects a folder to write to, but there is no "${resolve(folder)}". Usual cause: one that is still to be made: await mkdir(folder, { recursive: true }).`,
      { cause: error },
    );
  };
}
