/** Names of the properties of `push_kri_value`. They are not public, so a client must read them from the schema. */
export interface ArgumentNames {
  slug: string;
  value: string;
  timestamp: string;
  note: string;
}

export const defaultArgumentNames: ArgumentNames = {
  slug: 'kri_slug',
  value: 'value',
  timestamp: 'recorded_at',
  note: 'note',
};

/** What Draxis recorded of one push. */
export interface Push {
  slug: string;
  value: number;
  /** The historical time passed with it, or the time of arrival, in milliseconds. */
  timestampMs: number;
  note: string | undefined;
  /** From 1, in the order of arrival. */
  order: number;
}

export interface ToolAnswer {
  [key: string]: unknown;
  content: { type: 'text'; text: string }[];
  isError?: boolean;
}

const answer = (text: string): ToolAnswer => ({ content: [{ type: 'text', text }] });
const refusal = (text: string): ToolAnswer => ({ ...answer(text), isError: true });

/** The tenant's KRIs and the two tools over them, without any transport. */
export const createTools = (
  knownSlugs: readonly string[],
  names: ArgumentNames,
  extraRequired: readonly string[],
  now: () => number,
) => {
  const known = new Set(knownSlugs);
  const pushes: Push[] = [];
  const current = new Map<string, Push>();

  const push = (input: Readonly<Record<string, unknown>>): ToolAnswer => {
    const slug = input[names.slug];
    const value = input[names.value];
    const timestamp = input[names.timestamp];
    const note = input[names.note];
    for (const name of extraRequired) if (input[name] === undefined) return refusal(`${name} is required`);
    if (typeof slug !== 'string') return refusal(`${names.slug} must be a string`);
    if (typeof value !== 'number' || !Number.isFinite(value)) return refusal(`${names.value} must be a number`);
    const timestampMs = timestamp === undefined ? now() : Date.parse(String(timestamp));
    if (Number.isNaN(timestampMs)) return refusal(`${names.timestamp} must be an ISO 8601 date`);
    if (!known.has(slug)) return refusal(`KRI ${slug} is not wired`);
    const recorded: Push = {
      slug,
      value,
      timestampMs,
      note: typeof note === 'string' ? note : undefined,
      order: pushes.length + 1,
    };
    pushes.push(recorded);
    // Whatever came last is current, even when its time is older: pushing the past sets the value back.
    current.set(slug, recorded);
    return answer(`Recorded ${slug} = ${value}`);
  };

  const definitions = [
    {
      name: 'push_kri_value',
      description: 'Record a value for a KRI of this source.',
      inputSchema: {
        type: 'object' as const,
        properties: {
          [names.slug]: { type: 'string', description: "The KRI's slug" },
          [names.value]: { type: 'number', description: 'The value' },
          [names.timestamp]: { type: 'string', format: 'date-time', description: 'When it held; now if absent' },
          [names.note]: { type: 'string', description: 'Free text' },
          ...Object.fromEntries(extraRequired.map((name) => [name, { type: 'string' }])),
        },
        required: [names.slug, names.value, ...extraRequired],
      },
    },
    {
      name: 'list_kris',
      description: 'List the KRIs of this tenant.',
      inputSchema: { type: 'object' as const, properties: {} },
    },
  ];

  return {
    definitions,
    /** A source-scoped token may push and nothing else. */
    call(name: string, input: Readonly<Record<string, unknown>>, sourceScoped: boolean): ToolAnswer {
      if (name === 'push_kri_value') return push(input);
      if (sourceScoped) return refusal('scope mismatch: this token is restricted to push_kri_value');
      if (name !== 'list_kris') return refusal(`Unknown tool ${name}`);
      return answer(JSON.stringify([...known].map((slug) => ({ slug, value: current.get(slug)?.value ?? null }))));
    },
    wire: (slug: string): void => {
      known.add(slug);
    },
    unwire: (slug: string): void => {
      known.delete(slug);
    },
    pushes: (): readonly Push[] => pushes,
    current: (slug: string): Push | undefined => current.get(slug),
  };
};
