/** Hrefs of one link relation; Okta gives an object, or an array of them. */
const hrefsOf = (links: unknown, relation: string): readonly string[] => {
  if (typeof links !== 'object' || links === null) return [];
  const link: unknown = (links as Readonly<Record<string, unknown>>)[relation];
  return (Array.isArray(link) ? link : [link]).flatMap((one: unknown) => {
    if (typeof one !== 'object' || one === null) return [];
    const { href } = one as { readonly href?: unknown };
    return typeof href === 'string' ? [href] : [];
  });
};

const id = '([A-Za-z0-9_-]{1,100})';
const userHref = new RegExp(`/users/${id}$`);
const factorHref = new RegExp(`/users/${id}/factors(?:/|$)`);
/** Authorization servers have policies too, of another kind and under a longer path. */
const ruleHref = new RegExp(`(?<!/authorizationServers/[^/]{1,100})/policies/${id}/rules(?:/|$)`);

const longestHref = 2_048;

const find = (hrefs: readonly string[], pattern: RegExp): string | undefined => {
  for (const href of hrefs) {
    if (href.length > longestHref) continue;
    const found = pattern.exec(href.split(/[?#]/, 1)[0] ?? '')?.[1];
    if (found !== undefined) return found;
  }
  return undefined;
};

/** The user that a recorded factor belongs to, by its links: `user`, else `self`. Undefined when they do not say. */
export const factorOwner = (factor: { readonly _links?: unknown }): string | undefined =>
  find(hrefsOf(factor._links, 'user'), userHref) ?? find(hrefsOf(factor._links, 'self'), factorHref);

/** The policy that a recorded rule belongs to, by its `self` link. Undefined when it does not say. */
export const ruleOwner = (rule: { readonly _links?: unknown }): string | undefined =>
  find(hrefsOf(rule._links, 'self'), ruleHref);
