import type { ErrorCode, Fields } from '@portico/protocol/errors';

/** What a form shows again after it was refused: never a password. */
export interface FormState {
  readonly values: Readonly<Record<string, string>>;
  readonly error: ErrorCode | null;
  readonly fields: Fields;
  /** Seconds to wait, when the refusal named some. */
  readonly retryAfter: number | null;
}
