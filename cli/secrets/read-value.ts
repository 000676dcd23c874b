import { AppError } from '../../runtime/errors.ts';

interface Input extends AsyncIterable<Buffer | string> {
  readonly isTTY?: boolean;
  setRawMode?(raw: boolean): unknown;
}

const longestValue = 65_536;

/**
 * Reads a secret: all of standard input when something is piped in, else one line typed without echo. It never comes
 * from the command line, which every user of the machine can list.
 */
export const readSecretValue = async (name: string, input: Input, prompt: (text: string) => void): Promise<string> =>
  input.isTTY === true && input.setRawMode !== undefined ? readHidden(name, input, prompt) : readAll(input);

const readAll = async (input: Input): Promise<string> => {
  let text = '';
  for await (const chunk of input) {
    text += chunk.toString();
    if (text.length > longestValue)
      throw new AppError('usage-invalid', 'The value is too long for a secret.', { hint: 'Send in the token alone.' });
  }
  return text;
};

const readHidden = async (name: string, input: Input, prompt: (text: string) => void): Promise<string> => {
  prompt(`Value of ${name} (not shown): `);
  input.setRawMode?.(true);
  try {
    let line = '';
    for await (const chunk of input)
      for (const character of chunk.toString()) {
        if (character === '\r' || character === '\n') return line;
        if (character === '\u0003' || character === '\u0004')
          throw new AppError('usage-invalid', 'Nothing was stored.', {
            hint: 'Call the command again to store a value.',
          });
        if (character === '\u007f' || character === '\b') line = line.slice(0, -1);
        else if (character >= ' ' && line.length < longestValue) line += character;
      }
    return line;
  } finally {
    input.setRawMode?.(false);
    prompt('\n');
  }
};
