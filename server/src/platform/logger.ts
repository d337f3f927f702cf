import { type DestinationStream, type Logger, pino } from 'pino';
import type { Config } from '../config.ts';
import { errorFacts } from './error-facts.ts';
import { currentRequest } from './request-id.ts';

// Nothing that is logged on purpose holds these. They are here for the day when somebody logs a whole request, body or error by mistake.
const SECRETS = ['password', 'securityCode', 'refreshToken', 'accessToken', 'token', 'cookie', 'authorization', 'set-cookie', 'masterKey'];
const DEPTHS = ['', '*.', '*.*.'];
/** A code is a secret in what somebody sent. Elsewhere it says which error it was, and a line without that is worth nothing. */
const SENT_CODES = ['body.code', 'query.code', '*.body.code', '*.query.code'];

/**
 * One JSON object a line on standard output, or on `destination`. Secrets are censored by their names, and of errors stands there only what
 * `error-facts.ts` lets through. A line that a request caused names it.
 */
export function createLogger({ logLevel }: Pick<Config, 'logLevel'>, destination?: DestinationStream): Logger {
  const paths = [
    ...DEPTHS.flatMap((depth) => SECRETS.map((name) => (name.includes('-') ? `${depth.slice(0, -1)}["${name}"]` : depth + name))),
    ...SENT_CODES,
  ];
  const options = {
    level: logLevel,
    base: null,
    redact: { paths, censor: '***' },
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { err: (error: unknown) => errorFacts(error) },
    mixin: () => {
      const requestId = currentRequest();
      return requestId === '' ? {} : { requestId };
    },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}
