/** The screen “Settings”. */
export const settings = {
  title: 'Settings',
  lead: 'Settings are environment variables, read once at the start. This is what this server was started with; to change one, change it there and start again.',
  name: 'Setting',
  value: 'Value',
  source: 'From',
  meaning: 'What it does',
  form: 'Written as {form}. Without it: {standard}.',
  nothing: 'nothing',
  sources: { default: 'Default', environment: 'Environment', generated: 'Made by Portico', file: 'File', credential: 'Credential' },
  empty: 'empty',
  isSet: 'set',
  notSet: 'not set',
} as const;
