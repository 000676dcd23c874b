/** What of a SQL text matters to the guard: words and quoted names by their content, everything else by a character. */
export interface SqlToken {
  readonly kind: 'word' | 'name' | 'text' | 'symbol';
  readonly text: string;
}

const isWordStart = (character: string): boolean => /[A-Za-z_]/.test(character);
const wordEnd = /[^A-Za-z0-9_]/g;
const space = /\s/;

/**
 * The tokens of a statement in ClickHouse's dialect, without comments; undefined when a comment or a quotation does not
 * end. Quotations: 'text', "name", `name`, each with doubling and backslashes, and $tag$text$tag$.
 */
export const toSqlTokens = (sql: string): readonly SqlToken[] | undefined => {
  const tokens: SqlToken[] = [];
  let at = 0;

  const skipTo = (end: number, length: number): boolean => {
    at = end < 0 ? at : end + length;
    return end >= 0;
  };

  const quoted = (quote: string): string | undefined => {
    let content = '';
    for (let index = at + 1; index < sql.length; index += 1) {
      const character = sql.charAt(index);
      if (character === '\\') {
        index += 1;
        content += sql.charAt(index);
      } else if (character !== quote) {
        content += character;
      } else if (sql.charAt(index + 1) === quote) {
        index += 1;
        content += quote;
      } else {
        at = index + 1;
        return content;
      }
    }
    return undefined;
  };

  while (at < sql.length) {
    const character = sql.charAt(at);
    const two = sql.slice(at, at + 2);
    if (space.test(character)) {
      at += 1;
    } else if (two === '--' || two === '//' || two === '# ' || two === '#!') {
      const end = sql.indexOf('\n', at);
      at = end < 0 ? sql.length : end + 1;
    } else if (two === '/*') {
      if (!skipTo(sql.indexOf('*/', at + 2), 2)) return undefined;
    } else if (character === "'" || character === '"' || character === '`') {
      const content = quoted(character);
      if (content === undefined) return undefined;
      tokens.push({ kind: character === "'" ? 'text' : 'name', text: content });
    } else if (character === '$') {
      const tagEnd = sql.indexOf('$', at + 1);
      const tag = tagEnd < 0 ? undefined : sql.slice(at, tagEnd + 1);
      if (tag === undefined || !skipTo(sql.indexOf(tag, tagEnd + 1), tag.length)) return undefined;
      tokens.push({ kind: 'text', text: '' });
    } else if (isWordStart(character)) {
      wordEnd.lastIndex = at;
      const end = wordEnd.exec(sql)?.index ?? sql.length;
      tokens.push({ kind: 'word', text: sql.slice(at, end) });
      at = end;
    } else {
      tokens.push({ kind: 'symbol', text: character });
      at += 1;
    }
  }
  return tokens;
};
