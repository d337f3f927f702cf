/** SvelteKit's own words, for tests that stand where its package cannot be found. */
export { error, isHttpError } from '@sveltejs/kit';
