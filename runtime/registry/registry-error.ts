import { AppError } from '../errors.ts';

/**
 * What an answer of the registry means. `status` is undefined when there was none. `registry-unavailable` is the one that
 * may pass; `text` must not hold the password.
 */
export const toRegistryError = (what: string, status: number | undefined, text: string): AppError => {
  const detail = text.slice(0, 300).replace(/[\s.]+$/, '');
  const message = `${what}: ${status === undefined ? '' : `HTTP ${status}, `}${detail}.`;
  if (status === 401 || status === 403) {
    return new AppError('bus-unauthorised', message, {
      hint: 'Check bus.registry.user and its password. The user reads and registers schemas and sets the compatibility of the subjects.',
    });
  }
  if (status === 404 || status === 405) {
    return new AppError('configuration-invalid', message, {
      hint: 'Check bus.registry.url: it includes the path of the Confluent API, which for Apicurio is /apis/ccompat/v7.',
    });
  }
  if (status === 422) {
    return new AppError('schema-incompatible', message, {
      hint: 'The registry does not take this JSON Schema (draft 7). Check that it supports JSON Schema and that the subject is not read-only.',
    });
  }
  return new AppError('registry-unavailable', message, {
    hint: 'Check that the schema registry in bus.registry.url runs and can be reached from here.',
  });
};
