import { ERRORS, type ErrorCode, OAUTH_ERRORS } from '@portico/protocol/errors';
import { en } from '@portico/protocol/texts/en';
import { CLIENT_CODES, linkTo, VERIFIER_CODES } from './error-pages.ts';
import { FIELD_CAUSES, WHAT_TO_DO } from './error-words.ts';
import { code, generatedFrom, page, table } from './markdown.ts';

const EXAMPLE = {
  error: 'wrong_code' satisfies ErrorCode,
  message: en.errors.wrong_code,
  requestId: 'Yx3kQ0aZ000c',
  triesLeft: 4,
};

/** docs/errors.md: every refusal, from the one table that makes them. */
export function errorsPage(): string {
  return page([
    generatedFrom('protocol/src/errors.ts, protocol/src/texts/en.ts and scripts/docs/error-words.ts'),
    '# Errors',
    'Every refusal has a code. Programs switch on the code; the sentence is for people, comes in the language of `Accept-Language` (English is there so far), and may be reworded.',
    `\`\`\`json\n${JSON.stringify(EXAMPLE, null, 2)}\n\`\`\``,
    [
      '- `requestId` is the same as the header `x-request-id` and as `requestId` in the log.',
      '- `fields`, where fields failed, names each one with its cause (second table).',
      '- 429 and 503 carry `Retry-After` in seconds; so does 409 `retry`.',
      '- A browser that asks for a page (`Accept: text/html`) gets the error page with the same status. `/error?code=<status>&reason=<code>` shows it too; it',
      '  looks its words up by code and prints nothing that stands in the address.',
      '- A 5xx never means that somebody was signed out, and is never counted as a failed sign-in.',
    ].join('\n'),
    '## Codes',
    table(
      ['Status', 'Code', 'What a person reads', 'What a program does'],
      Object.entries(ERRORS)
        .sort(([, status], [, other]) => status - other)
        .map(([name, status]) => {
          const known = name as ErrorCode;
          return [String(status), linkTo(known), en.errors[known], WHAT_TO_DO[known]];
        }),
    ),
    '## Other codes',
    'Those of OAuth and OpenID Connect, at the endpoints below `/oauth`, as `{ error, error_description }`:',
    listed(OAUTH_ERRORS),
    'Those with which `@portico/server` refuses a request at your own site:',
    listed(VERIFIER_CODES),
    'Those that `@portico/client` throws by itself, in a browser:',
    listed(CLIENT_CODES),
    '## Fields',
    table(
      ['Cause', 'What a person reads', 'When'],
      Object.entries(FIELD_CAUSES).map(([cause, when]) => [code(cause), en.fields[cause as keyof typeof en.fields], when]),
    ),
  ]);
}

function listed(codes: object): string {
  return Object.keys(codes).map(linkTo).join(' · ');
}
