import type { Sweep, SweepKind } from '../../schemas/progress.ts';

interface Page {
  readonly current: Sweep;
  /** The last sweep that read everything it wanted. */
  readonly complete: Sweep | null;
}

/** The newest sweep record of each kind, and the last complete one. */
export const createSweepBook = () => {
  const pages = new Map<SweepKind, Page>();
  return {
    load: (kind: SweepKind, page: unknown): void => {
      pages.set(kind, page as Page);
    },
    /** Returns what is to be saved. */
    fold: (sweep: Sweep): Page => {
      const complete =
        sweep.completed !== null && sweep.state === 'ok' ? sweep : (pages.get(sweep.sweep)?.complete ?? null);
      const page: Page = { current: sweep, complete };
      pages.set(sweep.sweep, page);
      return page;
    },
    current: (kind: SweepKind): Sweep | undefined => pages.get(kind)?.current,
    hasCompleted: (kind: SweepKind): boolean => (pages.get(kind)?.complete ?? null) !== null,
  };
};
