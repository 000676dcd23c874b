/** The seven KRIs, by the slugs that Draxis knows them by. */
export const slugs = [
  'okta_mfa_adoption_pct',
  'okta_phish_resistant_mfa_pct',
  'okta_inactive_users_with_app_access',
  'okta_impossible_travel_24h',
  'okta_admin_session_outliers_24h',
  'okta_failed_mfa_push_24h',
  'okta_app_policy_exceptions',
] as const;

export type Slug = (typeof slugs)[number];

export const isSlug = (text: string): text is Slug => (slugs as readonly string[]).includes(text);
