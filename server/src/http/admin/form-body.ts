import type { Form } from '../pages/form.ts';
import type { FieldSchema, ObjectSchema } from '../schemas.ts';

/**
 * What a plain form says, as the body that the same call takes in JSON: a list is a field with a line for each, or ticked boxes called
 * `name.value`; an empty field that may be absent is absent. Fields of the page itself (`csrf`, `back`) are no fields of the call.
 */
export function bodyOfForm(schema: ObjectSchema, form: Form): Record<string, unknown> {
  const body: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(schema.properties)) {
    const value = valueOf(field, name, form);
    if (value !== undefined && (value !== '' || schema.required.includes(name))) body[name] = value;
  }
  return body;
}

function valueOf(field: FieldSchema, name: string, form: Form): unknown {
  const text = form[name];
  switch (field.type) {
    case 'array': {
      const ticked = Object.keys(form).filter((key) => key.startsWith(`${name}.`));
      const lines = (text ?? '').split(/\r?\n/).map((line) => line.trim());
      return [...ticked.map((key) => key.slice(name.length + 1)), ...lines.filter((line) => line !== '')];
    }
    case 'boolean':
      return text === 'yes';
    case 'integer':
      return text === undefined || text.trim() === '' ? undefined : /^-?\d{1,15}$/.test(text.trim()) ? Number(text) : text;
    case 'string':
      return text?.replace(/\r\n/g, '\n');
  }
}
