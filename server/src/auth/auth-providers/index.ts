/** Every provider. A new one is its file and its line here. */
export { discord } from './discord.ts';
export { github } from './github.ts';
export { gitlab } from './gitlab.ts';
export { google } from './google.ts';
