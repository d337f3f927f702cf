import { chooseTexts } from '@portico/protocol/texts';
import type { AdminView } from '@portico/ui/admin-views';
import type { Frame, PageView } from '@portico/ui/views';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Config } from '../../config.ts';
import type { Deps } from '../../deps.ts';
import type { ErrorPage } from '../errors.ts';
import { pagePolicy } from '../security-headers.ts';

export { safeReturnTo } from '../../sessions/return-to.ts';

export interface PageTokens {
  readonly formToken?: string;
  readonly csrfToken?: string;
  readonly userId?: string;
}

export interface PageRenderer {
  send(request: FastifyRequest, reply: FastifyReply, view: PageView, tokens?: PageTokens): FastifyReply;
  /** A screen of the admin page. It stands where the cookies are, and its forms reach them there. */
  sendAdmin(request: FastifyRequest, reply: FastifyReply, view: AdminView, tokens: PageTokens): FastifyReply;
  readonly errorPage: ErrorPage;
}

/** True where pages and API share one host: only there can a plain form reach the cookies. */
export function formsWork(config: Pick<Config, 'appOrigin' | 'apiOrigin'>): boolean {
  return config.appOrigin === config.apiOrigin;
}

/** Loads the built pages (`npm run build -w ui`) once, at the start. */
export async function createPageRenderer({ config, now }: Pick<Deps, 'config' | 'now'>): Promise<PageRenderer> {
  const { renderAdmin, renderPage } = await import('@portico/ui/render');
  const oneHost = formsWork(config);
  const policy = pagePolicy(config);
  const frameOf = (request: FastifyRequest, tokens: PageTokens): Frame => {
    const texts = chooseTexts(request.headers['accept-language']);
    return {
      language: texts.language,
      texts,
      host: new URL(config.origin).host,
      assetBase: config.assetBase,
      apiOrigin: oneHost ? '' : config.apiOrigin,
      appOrigin: config.appOrigin === config.origin ? '' : config.appOrigin,
      landingOrigin: config.appOrigin === config.origin ? '' : config.origin,
      now: now(),
      formsWork: oneHost,
      formToken: tokens.formToken ?? null,
      csrfToken: tokens.csrfToken ?? null,
      userId: tokens.userId ?? null,
      requestId: request.id,
      passwordMin: config.passwordMin,
      signUpOpen: config.signup === 'open',
      development: config.mode === 'development',
    };
  };
  const send: PageRenderer['send'] = (request, reply, view, tokens = {}) =>
    reply
      .header('content-security-policy', policy)
      .type('text/html; charset=utf-8')
      .send(renderPage(view, frameOf(request, tokens)));
  const sendAdmin: PageRenderer['sendAdmin'] = (request, reply, view, tokens) =>
    reply
      .header('content-security-policy', policy)
      .type('text/html; charset=utf-8')
      .send(renderAdmin(view, frameOf(request, tokens)));
  return {
    send,
    sendAdmin,
    errorPage: (request, reply, refusal) => send(request, reply, { page: 'error', status: refusal.status, reason: refusal.code }),
  };
}
