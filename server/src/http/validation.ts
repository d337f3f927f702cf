import AjvCompiler from '@fastify/ajv-compiler';
import type { FastifySchemaValidationError } from 'fastify';

type Compile = ReturnType<AjvCompiler.BuildCompilerFromPool>;

interface Validate {
  (value: unknown): boolean;
  errors?: FastifySchemaValidationError[] | null | undefined;
}

/** Nothing is coerced and nothing unknown is dropped: an array for a string is an error, not its first element. */
export const AJV = { customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: false, allErrors: true } } as const;

/** One for the process: two nodes in it share what is compiled of a schema. */
const buildCompiler = AjvCompiler();

/**
 * Fastify's own validators, each compiled at its first request: to compile all of them would be most of what a start takes. A schema that
 * cannot be compiled would be found as late, so a test compiles every one that is registered.
 */
export const compileAtFirstUse: AjvCompiler.BuildCompilerFromPool = (schemas, options) => {
  const compile = buildCompiler(schemas, options);
  return ((...what: Parameters<Compile>) => {
    let compiled: Validate | null = null;
    const validate: Validate = (value) => {
      compiled ??= compile(...what) as Validate;
      const isGood = compiled(value);
      validate.errors = compiled.errors;
      return isGood;
    };
    return validate;
  }) as Compile;
};
