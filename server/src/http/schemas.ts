import Type, { type Static } from 'typebox';

/** What may come in. These schemas are the validation and the OpenAPI document at once. */

// Control characters have no place in a name, and PostgreSQL text cannot hold NUL.
const LINE = '^[^\\u0000-\\u001f\\u007f]*$';
const exact = { additionalProperties: false } as const;

// Longer passwords than these characters are refused by the rules, with their reason; this bound only keeps the body small.
const Password = Type.String({ minLength: 1, maxLength: 8192 });
const EmailText = Type.String({ minLength: 1, maxLength: 320, pattern: LINE });

export const SignUpBody = Type.Object(
  {
    email: EmailText,
    password: Password,
    displayName: Type.Optional(Type.String({ maxLength: 80, pattern: LINE })),
    keep: Type.Optional(Type.Boolean()),
  },
  exact,
);
export type SignUpBody = Static<typeof SignUpBody>;

export const SignInBody = Type.Object({ email: EmailText, password: Password, keep: Type.Optional(Type.Boolean()) }, exact);
export type SignInBody = Static<typeof SignInBody>;

export const VerifyBody = Type.Object({ securityCode: Type.String({ minLength: 1, maxLength: 32, pattern: LINE }) }, exact);
export type VerifyBody = Static<typeof VerifyBody>;

export const RefreshBody = Type.Object(
  {
    refreshToken: Type.Optional(Type.String({ minLength: 1, maxLength: 200, pattern: LINE })),
    clientId: Type.Optional(Type.String({ minLength: 1, maxLength: 64, pattern: LINE })),
  },
  exact,
);
export type RefreshBody = Static<typeof RefreshBody>;

export const SignOutBody = Type.Object({ everywhere: Type.Optional(Type.Boolean()) }, exact);
export type SignOutBody = Static<typeof SignOutBody>;

export const ChangePasswordBody = Type.Object({ currentPassword: Password, newPassword: Password }, exact);
export type ChangePasswordBody = Static<typeof ChangePasswordBody>;

export const EmptyBody = Type.Object({}, exact);

export const ListQuery = Type.Object(
  {
    cursor: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9_-]{22}$' })),
    limit: Type.Optional(Type.String({ pattern: '^([1-9]|[1-9]\\d|100)$' })),
  },
  exact,
);
export type ListQuery = Static<typeof ListQuery>;

export const SessionParams = Type.Object({ id: Type.String({ pattern: '^[A-Za-z0-9_-]{22}$' }) }, exact);
export type SessionParams = Static<typeof SessionParams>;

export const ProviderParams = Type.Object({ authProvider: Type.String({ pattern: '^[a-z]{1,32}$' }) }, exact);
export type ProviderParams = Static<typeof ProviderParams>;
