/** How a text is written; the number is stored. */
const ASCII = 0;
const UTF8 = 1;
const UTF16 = 2;

const ENCODINGS = ['latin1', 'utf8', 'utf16le'] as const;

/** A text and the bytes it will take. */
export interface MeasuredText {
  readonly text: string;
  readonly kind: number;
  readonly size: number;
}

/** Chooses how to write a text: the cheapest way that gives back exactly this text. */
export function measureText(text: string): MeasuredText {
  const size = Buffer.byteLength(text, 'utf8');
  if (size === text.length) {
    return { text, kind: ASCII, size };
  }
  // UTF-8 has no lone surrogates and would turn them into U+FFFD.
  return text.isWellFormed() ? { text, kind: UTF8, size } : { text, kind: UTF16, size: 2 * text.length };
}

/** Bytes that `writeVarint` takes for a whole number. */
export function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) {
    size++;
  }
  return size;
}

/** Bytes that `ByteWriter.text` takes. */
export function textSize({ size }: MeasuredText): number {
  return 1 + varintSize(size) + size;
}

/** Writes one part after another into a buffer that was measured before. */
export class ByteWriter {
  #position: number;

  constructor(
    private readonly bytes: Buffer,
    start: number,
  ) {
    this.#position = start;
  }

  /** Seven bits a byte, the lowest first. */
  varint(value: number): void {
    let rest = value;
    while (rest >= 128) {
      this.#position = this.bytes.writeUInt8((rest % 128) + 128, this.#position);
      rest = Math.floor(rest / 128);
    }
    this.#position = this.bytes.writeUInt8(rest, this.#position);
  }

  text({ text, kind, size }: MeasuredText): void {
    this.#position = this.bytes.writeUInt8(kind, this.#position);
    this.varint(size);
    this.#position += this.bytes.write(text, this.#position, size, ENCODINGS[kind]);
  }
}

/**
 * Reads what a {@link ByteWriter} wrote.
 *
 * @throws RangeError from every method when the bytes are not what it can have written.
 */
export class ByteReader {
  #position: number;

  constructor(
    private readonly bytes: Buffer,
    start: number,
  ) {
    this.#position = start;
  }

  /** Whether all was read. */
  get atEnd(): boolean {
    return this.#position === this.bytes.length;
  }

  varint(): number {
    let value = 0;
    for (let scale = 1; scale <= Number.MAX_SAFE_INTEGER; scale *= 128) {
      const byte = this.bytes.readUInt8(this.#position++);
      value += (byte % 128) * scale;
      if (byte < 128) {
        return value;
      }
    }
    throw new RangeError('A number is longer than any that was written.');
  }

  varints(): number[] {
    const count = this.varint();
    if (count > this.bytes.length - this.#position) {
      throw new RangeError('There are fewer numbers than announced.');
    }
    return Array.from({ length: count }, () => this.varint());
  }

  text(): string {
    const encoding = ENCODINGS[this.bytes.readUInt8(this.#position++)];
    const size = this.varint();
    if (encoding === undefined || size > this.bytes.length - this.#position) {
      throw new RangeError('A text is shorter than announced, or written in no way known.');
    }
    this.#position += size;
    return this.bytes.toString(encoding, this.#position - size, this.#position);
  }
}
