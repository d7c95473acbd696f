/** HTML that may be sent as it is. Only {@link html} makes it, so text cannot be taken for it by mistake. */
export class Html {
  /** @internal */
  constructor(private readonly text: string) {}

  toString(): string {
    return this.text;
  }
}

/** What may stand in a template: text is escaped, HTML is not, a list is joined, and nothing leaves nothing. */
export type Insertable = Html | string | number | undefined | false | readonly Insertable[];

/**
 * A template whose values are escaped, for text and for quoted attributes.
 *
 * @example
 * html`<a href="${url}">${title}</a>`
 */
export function html(strings: TemplateStringsArray, ...values: readonly Insertable[]): Html {
  return new Html(strings.reduce((text, string, index) => text + insert(values[index - 1]) + string));
}

function insert(value: Insertable): string {
  if (value === undefined || value === false) return '';
  if (value instanceof Html) return value.toString();
  if (typeof value === 'object') return value.map(insert).join('');
  return escape(String(value));
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}
