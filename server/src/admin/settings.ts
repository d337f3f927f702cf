import type { SettingsContent } from '@portico/ui/admin-views';
import { ALL_SETTINGS, type ExplainedSetting, explainConfig } from '../config.ts';

/** Every setting as `portico doctor` shows it. Of a secret nothing but whether it is set: an operator's screen is looked at by others too. */
export function readSettings(explained: readonly ExplainedSetting[] = explainConfig()): SettingsContent {
  return {
    items: ALL_SETTINGS.flatMap(({ name, kind, sentence, standard }) => {
      const shown = explained.find((one) => one.name === name);
      if (shown === undefined) return [];
      const { value, source } = shown;
      const secret = kind.secret === true;
      // A generated secret is not its value but the file that it lies in.
      const told = secret && source !== 'generated' ? null : value;
      return [{ name, value: told, secret, isSet: value !== '', source, sentence, standard, form: kind.form }];
    }),
  };
}
