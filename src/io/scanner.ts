import { isUnicode, quote, refuse } from "./bytes.js";

/** Bare words and numbers: `False`, `-1`, `2.5e3`. Bounded, because the file decides how long they are. */
const WORD = /[\w.+-]{0,64}/y;

const SPACE = /[ \t\n\r]*/y;

/**
 * Reads a header's text from left to right. The two headers of this room, JSON and a Python literal, have fixed
 * grammars without nesting of their own making, so their parsers ask for what must come next; whatever else comes is a
 * FormatError that quotes the place. Nothing is evaluated.
 */
export class Scanner {
  #at = 0;

  /** @param quotes the characters that open a string, and close it. */
  constructor(
    readonly who: string,
    readonly text: string,
    readonly quotes: string,
  ) {}

  /** Whether `char` comes next, after white space; if so, steps over it. */
  take(char: string): boolean {
    this.#skipSpace();
    if (this.text[this.#at] !== char) return false;
    this.#at++;
    return true;
  }

  expect(char: string): void {
    if (!this.take(char)) this.fail(`"${char}"`);
  }

  /** Nothing but white space is left. */
  expectEnd(): void {
    this.#skipSpace();
    if (this.#at < this.text.length) this.fail("the end of the header");
  }

  /** A quoted string with its escapes resolved. `what` it is, for the message. */
  string(what: string): string {
    this.#skipSpace();
    const start = this.#at;
    const mark = this.text[start];
    if (mark === undefined || !this.quotes.includes(mark)) this.fail(what);
    let end = start + 1;
    while (end < this.text.length && this.text[end] !== mark) end += this.text[end] === "\\" ? 2 : 1;
    const content = this.text.slice(start + 1, end);
    if (end >= this.text.length) this.fail(`${what} that its closing quote ends`);
    const value = resolveEscapes(content, mark);
    if (value === undefined || !isUnicode(value)) this.fail(`${what} with valid escapes and characters`);
    this.#at = end + 1;
    return value;
  }

  /** A size or an offset: digits only, not beyond 2⁵³; a `suffix` may follow them. */
  integer(what: string, suffix = ""): number {
    const word = this.#word();
    const digits = suffix !== "" && word.endsWith(suffix) ? word.slice(0, -suffix.length) : word;
    if (/^(0|[1-9]\d*)$/.test(digits) && Number.isSafeInteger(Number(digits))) {
      this.#at += word.length;
      return Number(digits);
    }
    return this.fail(`${what} to be a non-negative integer`);
  }

  /** Whether the bare word `word` comes next; if so, steps over it. */
  takeWord(word: string): boolean {
    if (this.#word() !== word) return false;
    this.#at += word.length;
    return true;
  }

  #word(): string {
    this.#skipSpace();
    WORD.lastIndex = this.#at;
    return WORD.exec(this.text)?.[0] ?? "";
  }

  /** `{ key: …, key: … }`: calls `entry` after each colon. Refuses a key that comes twice. */
  object(what: string, trailingComma: boolean, entry: (key: string) => void): void {
    const keys = new Set<string>();
    this.expect("{");
    if (this.take("}")) return;
    do {
      const start = this.#at;
      const key = this.string(`a ${what}`);
      if (keys.has(key)) {
        this.#at = start;
        this.fail(`each ${what} once`);
      }
      keys.add(key);
      this.expect(":");
      entry(key);
      if (!this.take(",")) {
        this.expect("}");
        return;
      }
    } while (!(trailingComma && this.take("}")));
  }

  #skipSpace(): void {
    SPACE.lastIndex = this.#at;
    SPACE.test(this.text);
    this.#at = SPACE.lastIndex;
  }

  /** Refuses what comes next. */
  fail(expected: string): never {
    const rest = this.text.slice(this.#at);
    const found = rest === "" ? "the header ends there" : `found ${quote(rest, 20)}`;
    return refuse(this.who, `${expected} at character ${this.#at} of the header`, found);
  }
}

function resolveEscapes(content: string, mark: string): string | undefined {
  if (mark === "'") return content.includes("\\") ? undefined : content;
  try {
    return JSON.parse(`"${content}"`) as string;
  } catch {
    return undefined;
  }
}
