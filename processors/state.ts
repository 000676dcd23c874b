/** Saved entries that changed, by key; undefined removes one. */
export type StateChanges = ReadonlyMap<string, unknown>;

/**
 * Raised when the meaning of saved state changes (a rule, an encoding): state of another version is thrown away and
 * folded anew from the log.
 */
export const stateVersion = 1;
