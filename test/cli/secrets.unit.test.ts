import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Envelope, openSecret, sealSecret } from '../../cli/secrets/envelope.ts';
import { toEncryptionKey } from '../../cli/secrets/keyring.ts';
import { readSecretValue } from '../../cli/secrets/read-value.ts';
import { decrypt, encrypt } from '../../cli/secrets/seal.ts';
import { createSecretStore } from '../../cli/secrets/store.ts';
import { AppError } from '../../runtime/errors.ts';
import { Secret } from '../../runtime/secret.ts';

/** 0, 1, 2, ... in place of random bytes. */
const countingBytes = () => {
  let next = 0;
  return (count: number) => Buffer.from(Array.from({ length: count }, () => next++ % 256));
};

const key = toEncryptionKey(Buffer.alloc(32, 7));
const at = { name: 'okta-acme', version: 3 };
const hex = (text: string) => Buffer.from(text.replace(/\s/g, ''), 'hex');

describe('encryption', () => {
  /** Test case 16 of "The Galois/Counter Mode of Operation (GCM)", McGrew and Viega: AES-256 with associated data. */
  const vector = {
    key: hex('feffe9928665731c6d6a8f9467308308 feffe9928665731c6d6a8f9467308308'),
    nonce: hex('cafebabefacedbaddecaf888'),
    plaintext: hex(
      'd9313225f88406e5a55909c5aff5269a 86a7a9531534f7da2e4c303d8a318a72 1c3c0c95956809532fcf0e2449a6b525 b16aedf5aa0de657ba637b39',
    ),
    boundTo: hex('feedfacedeadbeeffeedfacedeadbeef abaddad2'),
    ciphertext: hex(
      '522dc1f099567d07f47f37a32a84427d 643a8cdcbfe5c0c97598a2bd2555d1aa 8cb08e48590dbb3da7b08b1056828838 c5f61e6393ba7a0abcc9f662',
    ),
    tag: hex('76fc6ece0f4e1768cddf8853bb2d551b'),
  };

  it('gives the ciphertext and tag of the published vector', () => {
    const sealed = encrypt(vector.key, vector.nonce, vector.plaintext, vector.boundTo);

    expect(sealed.toString('hex')).toBe(Buffer.concat([vector.nonce, vector.ciphertext, vector.tag]).toString('hex'));
    expect(decrypt(vector.key, sealed, vector.boundTo)).toEqual(vector.plaintext);
  });

  it('gives nothing for a text that is too short to be one', () => {
    expect(decrypt(vector.key, Buffer.alloc(27), vector.boundTo)).toBeUndefined();
  });
});

describe('an envelope', () => {
  const keyring = { keys: [key] };
  const seal = () => sealSecret(new Secret('the-token'), at, key, countingBytes());

  it('opens under its name, and a stored one still does: the format does not change by accident', () => {
    expect(seal()).toEqual(STORED);
    expect(openSecret(at.name, STORED, keyring)?.reveal()).toBe('the-token');
  });

  it('does not open under another name, version, key id or data key id', () => {
    const others: readonly [string, Envelope][] = [
      ['okta-other', STORED],
      [at.name, { ...STORED, version: 2 }],
      [at.name, { ...STORED, keyId: toEncryptionKey(Buffer.alloc(32, 8)).id }],
      [at.name, { ...STORED, dataKeyId: '0000000000000000' }],
    ];
    for (const [name, envelope] of others) expect(openSecret(name, envelope, keyring)).toBeUndefined();
  });

  it.each(['wrappedKey', 'ciphertext'] as const)('does not open with any byte of its %s changed', (part) => {
    const bytes = Buffer.from(STORED[part], 'base64');
    for (let index = 0; index < bytes.length; index++) {
      const changed = Buffer.from(bytes);
      changed[index] = (changed[index] ?? 0) ^ 1;
      expect(openSecret(at.name, { ...STORED, [part]: changed.toString('base64') }, keyring)).toBeUndefined();
    }
  });

  it('does not open with the ciphertext of another name in it', () => {
    const other = sealSecret(new Secret('the-other'), { name: 'okta-other', version: 3 }, key, countingBytes());

    expect(openSecret(at.name, { ...STORED, ciphertext: other.ciphertext }, keyring)).toBeUndefined();
  });
});

/** What countingBytes gives for name okta-acme, version 3, value the-token, a key of 32 sevens. */
const STORED: Envelope = {
  keyId: '595657cd59edbd44',
  dataKeyId: '2021222324252627',
  version: 3,
  wrappedKey: 'NDU2Nzg5Ojs8PT4/dcojzwgFDLtoLnn+09NKjz638o5cnbLH/dmbImQCotbBtk6JQ8+rfPzGDAU5kEql',
  ciphertext: 'KCkqKywtLi8wMTIzlNoP6YcACuCuR7UZ3ImjjtAxXztGVuk4MA==',
};

describe('the store of a data directory', () => {
  let directory = '';
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'kriver-secrets-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const open = (environment: Record<string, string> = {}) => createSecretStore({ directory, environment });
  const secretsFile = () => join(directory, 'secrets.json');
  const keyFile = () => join(directory, 'encryption.key');
  const thrownBy = (run: () => unknown): AppError => {
    try {
      run();
    } catch (error) {
      if (error instanceof AppError) return error;
      throw error;
    }
    throw new Error('nothing was thrown');
  };

  it('gives back what was written, from files that only their owner can read and that do not hold it', () => {
    open().write('okta', new Secret('canary-value'));

    expect(open().read('okta')?.reveal()).toBe('canary-value');
    expect(open().read('other')).toBeUndefined();
    expect(readdirSync(directory).sort()).toEqual(['encryption.key', 'secrets.json']);
    for (const file of [secretsFile(), keyFile()]) {
      expect(statSync(file).mode & 0o777).toBe(0o600);
      expect(readFileSync(file, 'utf8')).not.toContain('canary');
    }
  });

  it('uses no nonce and no data key twice', () => {
    const drawn: string[] = [];
    const envelopes = Array.from({ length: 60 }, () => {
      open().write('okta', new Secret('the-token'));
      return JSON.parse(readFileSync(secretsFile(), 'utf8')).secrets.okta as Envelope;
    });
    for (const { wrappedKey, ciphertext } of envelopes)
      for (const sealed of [wrappedKey, ciphertext])
        drawn.push(Buffer.from(sealed, 'base64').subarray(0, 12).toString('hex'));

    expect(new Set(drawn).size).toBe(120);
    expect(new Set(envelopes.map(({ dataKeyId }) => dataKeyId)).size).toBe(60);
    expect(envelopes.map(({ version }) => version)).toEqual(envelopes.map((_, index) => index + 1));
  });

  it('refuses envelopes that were swapped between names', () => {
    open().write('a', new Secret('token-of-a'));
    open().write('b', new Secret('token-of-b'));
    const file = JSON.parse(readFileSync(secretsFile(), 'utf8'));
    writeFileSync(secretsFile(), JSON.stringify({ ...file, secrets: { a: file.secrets.b, b: file.secrets.a } }));

    const error = thrownBy(() => open().read('a'));
    expect(error.code).toBe('secret-unreadable');
    expect(error.message).toContain(file.secrets.b.keyId);
  });

  it('refuses a key file that others may read', () => {
    open().write('okta', new Secret('the-token'));
    chmodSync(keyFile(), 0o640);

    const error = thrownBy(() => open().read('okta'));
    expect(error.code).toBe('secret-unreadable');
    expect(error.message).toContain('0640');
    expect(error.hint).toContain('chmod 600');
  });

  it('names the key that is missing, and makes no new one over secrets that only the old one opens', () => {
    open().write('okta', new Secret('the-token'));
    const [listed] = open().list();
    rmSync(keyFile());

    for (const run of [
      () => open().read('okta'),
      () => open().write('other', new Secret('x')),
      () => open().rotate(),
    ]) {
      const error = thrownBy(run);
      expect(error.code).toBe('secret-unreadable');
      expect(error.message).toContain(listed?.keyId);
    }
    expect(readdirSync(directory)).toEqual(['secrets.json']);
  });

  it.each(['', 'not a key', Buffer.alloc(31).toString('base64')])('refuses a damaged key file: %j', (text) => {
    open().write('okta', new Secret('the-token'));
    writeFileSync(keyFile(), text);

    expect(thrownBy(() => open().read('okta')).code).toBe('secret-unreadable');
  });

  it.each(['{', '{"format":2,"secrets":{}}', '{"format":1,"secrets":{"okta":{}}}'])(
    'refuses a damaged store: %s',
    (text) => {
      writeFileSync(secretsFile(), text);

      expect(thrownBy(() => open().read('okta')).code).toBe('secret-unreadable');
    },
  );

  it('rotates: values stay, all keys are wrapped anew, and a backup from before still opens until the next rotation', () => {
    open().write('a', new Secret('token-of-a'));
    open().write('b', new Secret('token-of-b'));
    const backup = readFileSync(secretsFile(), 'utf8');
    const before = JSON.parse(backup).secrets;

    const { keyId, rewrapped } = open().rotate();
    const after = JSON.parse(readFileSync(secretsFile(), 'utf8')).secrets;
    expect(rewrapped).toBe(2);
    expect([after.a.keyId, after.b.keyId]).toEqual([keyId, keyId]);
    expect(after.a.keyId).not.toBe(before.a.keyId);
    expect(after.a.ciphertext).toBe(before.a.ciphertext);
    expect(after.a.wrappedKey).not.toBe(before.a.wrappedKey);
    expect(open().read('a')?.reveal()).toBe('token-of-a');
    expect(statSync(keyFile()).mode & 0o777).toBe(0o600);

    writeFileSync(secretsFile(), backup);
    expect(open().read('b')?.reveal()).toBe('token-of-b');

    open().rotate();
    open().rotate();
    writeFileSync(secretsFile(), backup);
    expect(thrownBy(() => open().read('b')).code).toBe('secret-unreadable');
  });

  it('takes the key from KRIVER_ENCRYPTION_KEY, and rotates to the first of two', () => {
    const [older, newer] = [Buffer.alloc(32, 1).toString('base64'), Buffer.alloc(32, 2).toString('base64')];
    open({ KRIVER_ENCRYPTION_KEY: older }).write('okta', new Secret('the-token'));
    expect(readdirSync(directory)).toEqual(['secrets.json']);
    expect(thrownBy(() => open({ KRIVER_ENCRYPTION_KEY: newer }).read('okta')).code).toBe('secret-unreadable');
    expect(thrownBy(() => open({ KRIVER_ENCRYPTION_KEY: older }).rotate()).code).toBe('usage-invalid');

    expect(open({ KRIVER_ENCRYPTION_KEY: `${newer},${older}` }).rotate().rewrapped).toBe(1);
    expect(open({ KRIVER_ENCRYPTION_KEY: newer }).read('okta')?.reveal()).toBe('the-token');
  });

  it('lists names with their keys, and removes', () => {
    open().write('b', new Secret('x'));
    open().write('a', new Secret('y'));

    expect(
      open()
        .list()
        .map(({ name }) => name),
    ).toEqual(['a', 'b']);
    expect(open().remove('a')).toBe(true);
    expect(open().remove('a')).toBe(false);
    expect(
      open()
        .list()
        .map(({ name }) => name),
    ).toEqual(['b']);
  });

  it.each(['', 'a/b', 'a|b', '__proto__', 'a b'])('refuses %j as a name', (name) => {
    expect(thrownBy(() => open().write(name, new Secret('x'))).code).toBe('usage-invalid');
  });

  it('says so when the directory cannot be written', () => {
    writeFileSync(join(directory, 'file'), '');

    const store = createSecretStore({
      directory: join(directory, 'file', 'below'),
      environment: { KRIVER_ENCRYPTION_KEY: key.bytes.toString('base64') },
    });
    expect(['directory-unwritable', 'secret-unreadable']).toContain(
      thrownBy(() => store.write('okta', new Secret('x'))).code,
    );
  });
});

describe('the value of a secret', () => {
  async function* typed(...chunks: string[]) {
    for (const chunk of chunks) yield chunk;
  }
  const terminal = (...chunks: string[]) => {
    const modes: boolean[] = [];
    const input = Object.assign(typed(...chunks), { isTTY: true, setRawMode: (raw: boolean) => modes.push(raw) });
    return { input, modes };
  };

  it('is all of what is piped in', async () => {
    expect(await readSecretValue('okta', typed('the-', 'token\n'), () => {})).toBe('the-token\n');
  });

  it('is typed without echo, with backspace, up to the end of the line', async () => {
    const { input, modes } = terminal('the-tokem\u007fn', '\rmore');
    const printed: string[] = [];

    expect(await readSecretValue('okta', input, (text) => printed.push(text))).toBe('the-token');
    expect(printed.join('')).toBe('Value of okta (not shown): \n');
    expect(modes).toEqual([true, false]);
  });

  it('is not stored when Ctrl-C is pressed, and the terminal echoes again', async () => {
    const { input, modes } = terminal('abc\u0003');

    await expect(readSecretValue('okta', input, () => {})).rejects.toThrow('Nothing was stored.');
    expect(modes).toEqual([true, false]);
  });
});
