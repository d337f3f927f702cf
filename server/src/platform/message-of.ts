/** The innermost reason: a refusal only says `unavailable`, its cause says ECONNREFUSED. */
export function messageOf(cause: unknown): string {
  if (cause instanceof AggregateError && cause.message === '') return messageOf(cause.errors[0]);
  if (!(cause instanceof Error)) return String(cause);
  return cause.cause === undefined ? cause.message : messageOf(cause.cause);
}
