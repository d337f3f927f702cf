import type { ErrorCode, Fields } from '@portico/protocol/errors';

/** What a form shows again after it was refused: never a password. */
export interface FormState {
  readonly values: Readonly<Record<string, string>>;
  readonly error: ErrorCode | null;
  readonly fields: Fields;
  /** Which entry of a field that is a list, where one alone is wrong. */
  readonly about?: Readonly<Record<string, string>>;
  /** Seconds to wait, when the refusal named some. */
  readonly retryAfter: number | null;
}
