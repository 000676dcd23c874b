import { z } from 'zod';

/** Okta's error envelope. Only errorCode is fit for control flow; OAuth failures may come without any envelope. */
export const oktaErrorSchema = z.looseObject({
  errorCode: z.string(),
  errorSummary: z.string().nullish(),
  errorId: z.string().nullish(),
});
