/** What a person or a key may. Each may whatever those before it may. */
export const ACCESS_ROLES = ['read', 'repair', 'admin'] as const;
export type AccessRole = (typeof ACCESS_ROLES)[number];

export const isAccessRole = (text: unknown): text is AccessRole =>
  (ACCESS_ROLES as readonly unknown[]).includes(text);

export const includesRole = (role: AccessRole, wanted: AccessRole): boolean =>
  ACCESS_ROLES.indexOf(role) >= ACCESS_ROLES.indexOf(wanted);
