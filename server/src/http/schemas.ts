import { ACTIVITY_CURSOR } from '../auth/me/activity.ts';
import { CLIENT_ID_FORM } from '../clients/authenticate-client.ts';

/**
 * What may come in, as plain JSON Schema: the validation and the OpenAPI document at once. A schema library would be a tenth of an idle
 * server's memory for what stands on this page; the types below are read from the same constants.
 */

export interface TextSchema {
  readonly type: 'string';
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
}
export interface NumberSchema {
  readonly type: 'integer';
  readonly minimum: number;
  readonly maximum?: number;
}
export interface ListSchema {
  readonly type: 'array';
  readonly items: TextSchema;
  readonly maxItems: number;
}
export type FieldSchema = TextSchema | NumberSchema | ListSchema | { readonly type: 'boolean' };
export interface ObjectSchema {
  readonly type: 'object';
  readonly properties: Readonly<Record<string, FieldSchema>>;
  readonly required: readonly string[];
  readonly additionalProperties: false;
}

type Field<Schema> = Schema extends { readonly type: 'boolean' }
  ? boolean
  : Schema extends { readonly type: 'integer' }
    ? number
    : Schema extends { readonly type: 'array' }
      ? readonly string[]
      : string;
/** The type of what a schema lets through. */
export type Static<Schema extends ObjectSchema> = {
  readonly [Name in keyof Schema['properties'] & Schema['required'][number]]: Field<Schema['properties'][Name]>;
} & { readonly [Name in Exclude<keyof Schema['properties'], Schema['required'][number]>]?: Field<Schema['properties'][Name]> };

/** An object of these fields and no others. */
export function fields<const Properties extends ObjectSchema['properties'], const Required extends readonly (keyof Properties & string)[]>(
  properties: Properties,
  required: Required,
) {
  return { type: 'object', properties, required, additionalProperties: false } as const;
}

// Control characters have no place in a name, and PostgreSQL text cannot hold NUL.
const LINE = '^[^\\u0000-\\u001f\\u007f]*$';
export const line = (minLength: number, maxLength: number) => ({ type: 'string', minLength, maxLength, pattern: LINE }) as const;
export const yesOrNo = { type: 'boolean' } as const;
// Longer passwords than these characters are refused by the rules, with their reason; this bound only keeps the body small.
const password = { type: 'string', minLength: 1, maxLength: 8192 } as const;
const email = line(1, 320);
/** From a letter. Any text: a token that was cut off is answered as one that is too old. */
const mailedToken = line(1, 128);
/** 128 random bits as base64url: sessions, and the cursor of their list. */
export const name128 = { type: 'string', pattern: '^[A-Za-z0-9_-]{22}$' } as const;

export const SignUpBody = fields({ email, password, displayName: line(0, 80), keep: yesOrNo, inviteToken: mailedToken }, [
  'email',
  'password',
]);
export type SignUpBody = Static<typeof SignUpBody>;

/** The address of a link that is bound to one may be left out. */
export const SetupBody = fields({ token: mailedToken, email, password, displayName: line(0, 80) }, ['token', 'password']);
export type SetupBody = Static<typeof SetupBody>;

export const SignInBody = fields({ email, password, keep: yesOrNo }, ['email', 'password']);
export type SignInBody = Static<typeof SignInBody>;

/** Codes and states of providers have no known form; control characters they have none. */
export const ProviderAnswerBody = fields({ tokenExchangeCode: line(1, 2048), csrfState: line(1, 4096), iss: line(1, 512) }, [
  'tokenExchangeCode',
  'csrfState',
]);
export type ProviderAnswerBody = Static<typeof ProviderAnswerBody>;

export const BeginQuery = fields({ returnTo: line(0, 2000), keep: { type: 'string', pattern: '^(true|false)$' } }, []);
export type BeginQuery = Static<typeof BeginQuery>;

export const ReturnToBody = fields({ returnTo: line(0, 2000) }, []);
export type ReturnToBody = Static<typeof ReturnToBody>;

export const ConsentBody = fields({ returnTo: line(1, 2000), allow: yesOrNo }, ['returnTo', 'allow']);
export type ConsentBody = Static<typeof ConsentBody>;

export const EmailBody = fields({ email }, ['email']);
export type EmailBody = Static<typeof EmailBody>;

export const TokenBody = fields({ token: mailedToken }, ['token']);
export type TokenBody = Static<typeof TokenBody>;

export const ResetPasswordBody = fields({ token: mailedToken, password }, ['token', 'password']);
export type ResetPasswordBody = Static<typeof ResetPasswordBody>;

export const VerifyBody = fields({ securityCode: line(1, 32) }, ['securityCode']);
export type VerifyBody = Static<typeof VerifyBody>;

export const NotMeBody = fields({ token: line(1, 200) }, []);
export type NotMeBody = Static<typeof NotMeBody>;

export const RefreshBody = fields({ refreshToken: line(1, 200), clientId: line(1, 64) }, []);
export type RefreshBody = Static<typeof RefreshBody>;

// However it was typed; the rules look at the letters.
const userCode = line(1, 64);
export const DeviceBody = fields({ userCode }, ['userCode']);
export type DeviceBody = Static<typeof DeviceBody>;

export const DeviceAnswerBody = fields({ userCode, allow: yesOrNo }, ['userCode', 'allow']);
export type DeviceAnswerBody = Static<typeof DeviceAnswerBody>;

/** `local`: the app that asks, and nothing else. Our own pages are not a site that could be left. */
export const SignOutBody = fields({ everywhere: yesOrNo, local: yesOrNo }, []);
export type SignOutBody = Static<typeof SignOutBody>;

// The current password is asked for by the rules: an account that came by a provider has none yet.
export const ChangePasswordBody = fields({ currentPassword: password, newPassword: password }, ['newPassword']);

export const ProofBody = fields({ password, securityCode: line(1, 32) }, []);
export type ProofBody = Static<typeof ProofBody>;

export const DeleteBody = fields({ confirm: line(1, 320) }, ['confirm']);
export type DeleteBody = Static<typeof DeleteBody>;

export const ProfileBody = fields({ displayName: line(0, 80) }, ['displayName']);
export type ProfileBody = Static<typeof ProfileBody>;

export const EmptyBody = fields({}, []);

export const pageSize = { type: 'string', pattern: '^([1-9]|[1-9]\\d|100)$' } as const;
export const ListQuery = fields({ cursor: name128, limit: pageSize }, []);
export type ListQuery = Static<typeof ListQuery>;

export const ActivityQuery = fields({ cursor: { type: 'string', pattern: ACTIVITY_CURSOR.source }, limit: pageSize }, []);
export type ActivityQuery = Static<typeof ActivityQuery>;

export const SessionParams = fields({ id: name128 }, ['id']);
export type SessionParams = Static<typeof SessionParams>;

export const SiteParams = fields({ clientId: { type: 'string', pattern: CLIENT_ID_FORM.source } }, ['clientId']);
export type SiteParams = Static<typeof SiteParams>;

export const ProviderParams = fields({ authProvider: { type: 'string', pattern: '^[a-z]{1,32}$' } }, ['authProvider']);
export type ProviderParams = Static<typeof ProviderParams>;

/** `digest`: what the asker holds. `wait`: seconds. */
export const PollQuery = fields(
  {
    digest: { type: 'string', pattern: '^[0-9a-f]{16}$' } as const,
    wait: { type: 'string', pattern: '^(?:[0-9]|1[0-9]|2[0-5])$' } as const,
  },
  [],
);
export type PollQuery = Static<typeof PollQuery>;
