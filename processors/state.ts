/** Saved entries that changed, with their key; undefined removes one. Of several with one key the last holds. */
export type StateChanges = Iterable<readonly [string, unknown]>;

/**
 * Raised when the meaning of saved state changes (a rule, an encoding): state of another version is thrown away and
 * folded anew from the log.
 */
export const stateVersion = 2;
