const unknown = 'unknown';

/** False for what Okta writes where it knows no id: null, nothing, an empty text, or the text `unknown`. */
export const isUsableId = (id: string | null): id is string =>
  id !== null && id !== '' && !(id.length === unknown.length && id.toLowerCase() === unknown);

/** A session id that can pair a start with an end. `trs…` ids are made up for one call of the API and never come back. */
export const isSessionId = (id: string | null): id is string => isUsableId(id) && !id.startsWith('trs');
